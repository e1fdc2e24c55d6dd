// What it costs to read and write heads: the fixed part of every hit.
#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

#include "bench/client/request_fields.h"
#include "cache/date.h"
#include "cache/freshness.h"
#include "cache/vary.h"
#include "proxy/http/body_decoder.h"
#include "proxy/http/request_head.h"
#include "proxy/http/response_head.h"
#include "proxy/http/writer.h"

namespace levee {
namespace {

// What a browser's player sends for a segment.
const std::string kRequest =
    "GET /live/channel-7/video/1080p/segment-184467.m4s HTTP/1.1\r\n"
    "Host: edge.example.net\r\n"
    "Connection: keep-alive\r\n" +
    bench::player_fields() + "\r\n";
const std::string kShortRequest = "GET /1k HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
const std::string kResponse =
    "HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\nContent-Type: video/iso.segment\r\n"
    "Content-Length: 1048576\r\nLast-Modified: Tue, 14 Nov 2023 22:13:18 GMT\r\nConnection: keep-alive\r\n"
    "ETag: \"6553f0ae-100000\"\r\nCache-Control: public, max-age=60, stale-while-revalidate=10\r\n"
    "Access-Control-Allow-Origin: *\r\nVary: Origin, Accept-Encoding\r\nAccept-Ranges: bytes\r\n\r\n";

void parse_request(benchmark::State& state, const std::string& bytes) {
  RequestHead head;
  for (auto _ : state) {
    head.reset();
    benchmark::DoNotOptimize(head.parse(bytes, {}));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes.size()));
}
BENCHMARK_CAPTURE(parse_request, player, kRequest);
BENCHMARK_CAPTURE(parse_request, shortest, kShortRequest);

// The same, one more packet of 100 bytes at a time.
void parse_request_in_pieces(benchmark::State& state) {
  RequestHead head;
  for (auto _ : state) {
    head.reset();
    for (size_t size = 100; head.parse(std::string_view(kRequest).substr(0, size), {}) == Parse::kMore; size += 100) {
    }
  }
}
BENCHMARK(parse_request_in_pieces);

void parse_response(benchmark::State& state) {
  ResponseHead head;
  for (auto _ : state) {
    head.reset();
    benchmark::DoNotOptimize(head.parse(kResponse, {}, Method::kGet));
  }
}
BENCHMARK(parse_response);

void judge_response(benchmark::State& state) {
  ResponseHead head;
  head.parse(kResponse, {}, Method::kGet);
  for (auto _ : state) benchmark::DoNotOptimize(judge(200, head.fields(), {}, {0, 5, 1700000000000}, {}));
}
BENCHMARK(judge_response);

void select_variant(benchmark::State& state) {
  RequestHead head;
  head.parse(kRequest, {});
  std::string values;
  for (auto _ : state) {
    values.clear();
    vary_values(head.fields(), "accept-encoding,origin", values);
    benchmark::DoNotOptimize(values.data());
  }
}
BENCHMARK(select_variant);

void normalise(benchmark::State& state, const std::string& path) {
  std::array<char, 256> buffer;
  for (auto _ : state) benchmark::DoNotOptimize(normalise_path(path, buffer));
}
BENCHMARK_CAPTURE(normalise, nothing_to_do, "/live/channel-7/video/1080p/segment-184467.m4s");
BENCHMARK_CAPTURE(normalise, escapes, "/live/channel%207/../x//video/segment-184467.m4s");

// The per-response part of a hit's head.
void write_hit_head(benchmark::State& state) {
  std::array<char, 512> buffer;
  CacheStatus status;
  status.hit = status.has_ttl = true;
  int64_t now = 1700000000;
  for (auto _ : state) {
    HeadWriter out(buffer);
    write_status_line(out, 200);
    write_date(out, now);
    write_framing(out, {Framing::Kind::kLength, 1048576});
    write_age(out, 12345);
    status.ttl = ++now;
    write_cache_status(out, status);
    write_connection(out, true, 1);
    benchmark::DoNotOptimize(out.end().size());
  }
}
BENCHMARK(write_hit_head);

void decode_chunks(benchmark::State& state) {
  std::string bytes;
  for (int i = 0; i < 64; ++i) {
    char head[18];
    bytes.append(head, write_chunk_size(16384, head)).append(std::string(16384, 'x')).append(kChunkEnd);
  }
  bytes += kLastChunk;
  for (auto _ : state) {
    BodyDecoder decoder({Framing::Kind::kChunked, 0});
    size_t at = 0;
    while (!decoder.done()) at += decoder.next(std::string_view(bytes).substr(at)).consumed;
    benchmark::DoNotOptimize(at);
  }
}
BENCHMARK(decode_chunks);

void parse_imf_date(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(parse_date("Tue, 14 Nov 2023 22:13:20 GMT"));
}
BENCHMARK(parse_imf_date);

}  // namespace
}  // namespace levee
