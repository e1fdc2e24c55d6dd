#include "bench/viewer.h"

#include <algorithm>
#include <cmath>

#include "bench/pattern.h"

namespace levee::bench {
namespace {

void start_timer(event* timer, int64_t microseconds) {
  const int64_t wait = std::max<int64_t>(microseconds, 0);
  const timeval delay{wait / 1'000'000, static_cast<suseconds_t>(wait % 1'000'000)};
  evtimer_add(timer, &delay);
}

// RFC 9211's, or what nginx configurations commonly send.
bool is_hit(const ResponseHead& head) {
  const std::string_view standard = head.field("Cache-Status");
  if (!standard.empty()) return standard.find("; hit") != std::string_view::npos;
  return head.field("X-Cache-Status").starts_with("HIT");
}

}  // namespace

class Viewer::Request final : public HttpClient::Observer {
 public:
  enum class Kind : unsigned char { kPlaylist, kSegment };
  Request(Viewer& viewer, const Target& target, Kind kind)
      : viewer_(viewer), kind_(kind), client_(viewer.loop_, target, *this) {}

  void ask(const std::string& path, int64_t due_us) {
    due_us_ = due_us;
    status_ = 0;
    received_ = 0;
    text_.clear();
    is_right_ = true;
    if (verifies()) pattern_ = Pattern(path);
    viewer_.tally_.add(&Second::requests);
    viewer_.tally_.lag.record(now_us() - due_us);
    client_.get(path);
  }
  void close() { client_.close(); }
  bool is_busy() const { return client_.is_busy(); }

 private:
  bool verifies() const { return kind_ == Kind::kSegment && viewer_.model_.verifies; }
  bool wants_body() const override { return kind_ == Kind::kPlaylist || verifies(); }
  void on_head(const ResponseHead& head) override {
    status_ = head.status;
    if (is_hit(head)) viewer_.tally_.add(&Second::hits);
  }
  void on_body(std::string_view bytes) override {
    if (kind_ == Kind::kPlaylist) text_ += bytes;
    if (verifies() && status_ == 200) is_right_ = is_right_ && pattern_.matches(received_, bytes);
    on_skipped(bytes.size());
  }
  void on_skipped(uint64_t bytes) override {
    if (received_ == 0 && kind_ == Kind::kSegment && status_ == 200) {
      const int64_t took = now_us() - due_us_;
      viewer_.tally_.segment_first_byte.record(took);
      viewer_.tally_.now_first_byte.record(took);
    }
    received_ += bytes;
  }
  void on_end() override {
    ViewerTally& tally = viewer_.tally_;
    tally.add(&Second::answered);
    tally.now.bytes += received_;
    tally.total.bytes += received_;
    if (status_ / 100 != 2) tally.add(&Second::errors);
    if (!is_right_) ++tally.wrong_bodies;
    if (kind_ == Kind::kPlaylist) {
      tally.playlist_whole.record(now_us() - due_us_);
      viewer_.playlist_done(status_ == 200, text_);
    } else {
      if (status_ == 200) tally.segment_whole.record(now_us() - due_us_);
      viewer_.segment_done(status_);
    }
  }
  void on_failure(Failure) override {
    viewer_.tally_.add(&Second::errors);
    if (kind_ == Kind::kPlaylist) return viewer_.playlist_done(false, {});
    viewer_.segment_done(0);
  }

  Viewer& viewer_;
  const Kind kind_;
  int64_t due_us_ = 0;
  int status_ = 0;
  uint64_t received_ = 0;
  std::string text_;
  bool is_right_ = true;
  Pattern pattern_{""};
  HttpClient client_;
};

Viewer::Viewer(ClientLoop& loop, const Target& target, const ViewerModel& model, ViewerTally& tally)
    : loop_(loop),
      model_(model),
      tally_(tally),
      playlist_request_(std::make_unique<Request>(*this, target, Request::Kind::kPlaylist)),
      segment_request_(std::make_unique<Request>(*this, target, Request::Kind::kSegment)),
      poll_timer_(evtimer_new(
          &loop.base(), [](evutil_socket_t, short, void* self) { static_cast<Viewer*>(self)->poll(); }, this)),
      retry_timer_(evtimer_new(
          &loop.base(), [](evutil_socket_t, short, void* self) { static_cast<Viewer*>(self)->retry_segment(); }, this)),
      dry_timer_(evtimer_new(
          &loop.base(), [](evutil_socket_t, short, void* self) { static_cast<Viewer*>(self)->buffer_ran_dry(); },
          this)) {}

Viewer::~Viewer() {
  for (event* timer : {poll_timer_, retry_timer_, dry_timer_}) event_free(timer);
}

void Viewer::join(const std::string& path, int64_t due_us) {
  path_ = path;
  state_ = State::kStarting;
  next_ = -1;
  last_newest_ = -1;
  has_map_ = false;
  got_segments_ = 0;
  got_seconds_ = 0;
  playlist_retry_ms_ = segment_retry_ms_ = 0;
  joined_us_ = due_us_ = due_us;
  ++tally_.joined;
  ++tally_.total.viewers;
  poll();
}

void Viewer::leave() {
  settle();
  if (state_ == State::kAway) return;
  if (state_ == State::kStalled) --tally_.total.stalled;
  state_ = State::kAway;
  --tally_.total.viewers;
  for (event* timer : {poll_timer_, retry_timer_, dry_timer_}) event_del(timer);
  playlist_request_->close();
  segment_request_->close();
}

void Viewer::settle() {
  if (state_ != State::kPlaying && state_ != State::kStalled) return;
  const int64_t now = now_us();
  tally_.watched_us += now - watching_since_us_;
  watching_since_us_ = now;
  if (state_ == State::kStalled) {
    tally_.stall_us += now - stalled_since_us_;
    stalled_since_us_ = now;
  }
}

void Viewer::poll() {
  playlist_request_->ask(path_, due_us_);
}

void Viewer::poll_after(int64_t ms) {
  const int64_t now = now_us();
  // From when the last poll was due, as a player's timer does; a slow answer does not add up.
  due_us_ = std::max(due_us_ + ms * 1000, now);
  start_timer(poll_timer_, due_us_ - now);
}

void Viewer::playlist_done(bool good, const std::string& text) {
  auto parsed = good ? parse_playlist(text) : std::nullopt;
  if (!parsed || parsed->segments.empty()) {
    playlist_retry_ms_ = std::clamp(2 * playlist_retry_ms_, model_.retry_first_ms, model_.retry_most_ms);
    due_us_ = now_us();
    return poll_after(playlist_retry_ms_);
  }
  playlist_retry_ms_ = 0;
  playlist_ = std::move(*parsed);
  if (next_ < 0) {
    next_ = std::max(playlist_.newest() - model_.behind_edge + 1, playlist_.segments.front().sequence);
  }
  // RFC 8216 section 6.3.4: after a change one target duration, otherwise half of that.
  const bool changed = playlist_.newest() != last_newest_;
  last_newest_ = playlist_.newest();
  poll_after(static_cast<int64_t>(playlist_.target_seconds * (changed ? 1000 : 500)));
  if (!segment_request_->is_busy() && evtimer_pending(retry_timer_, nullptr) == 0) fetch_next();
}

void Viewer::fetch_next() {
  if (!has_map_ && !playlist_.map.empty()) {
    fetching_seconds_ = 0;
    return segment_request_->ask(resolve_path(path_, playlist_.map), now_us());
  }
  const Playlist::Segment* const segment = playlist_.from(next_);
  if (segment == nullptr) return;  // the next playlist will have it
  tally_.skipped_segments += static_cast<uint64_t>(segment->sequence - next_);
  next_ = segment->sequence;
  fetching_seconds_ = segment->seconds;
  segment_request_->ask(resolve_path(path_, segment->uri), now_us());
}

void Viewer::segment_done(int status) {
  if (status != 200) {
    segment_retry_ms_ = std::clamp(2 * segment_retry_ms_, model_.retry_first_ms, model_.retry_most_ms);
    return start_timer(retry_timer_, segment_retry_ms_ * 1000);
  }
  segment_retry_ms_ = 0;
  if (fetching_seconds_ == 0) {
    has_map_ = true;
  } else {
    ++next_;
    got_segment(fetching_seconds_);
  }
  fetch_next();
}

void Viewer::retry_segment() {
  fetch_next();
}

void Viewer::got_segment(double seconds) {
  const int64_t now = now_us();
  const auto microseconds = std::llround(seconds * 1e6);
  switch (state_) {
    case State::kAway:
      return;
    case State::kStarting:
      got_seconds_ += seconds;
      if (++got_segments_ < model_.start_segments) return;
      ++tally_.started;
      tally_.start_up.record(now - joined_us_);
      has_stalled_ = false;
      watching_since_us_ = now;
      buffered_until_us_ = now + std::llround(got_seconds_ * 1e6);
      break;
    case State::kStalled:
      tally_.stall_us += now - stalled_since_us_;
      --tally_.total.stalled;
      buffered_until_us_ = now + microseconds;
      break;
    case State::kPlaying:
      buffered_until_us_ += microseconds;
      break;
  }
  state_ = State::kPlaying;
  start_timer(dry_timer_, buffered_us(now));
}

void Viewer::buffer_ran_dry() {
  const int64_t now = now_us();
  if (state_ != State::kPlaying) return;
  if (buffered_us(now) > 0) return start_timer(dry_timer_, buffered_us(now));
  state_ = State::kStalled;
  stalled_since_us_ = now;
  tally_.add(&Second::stalls);
  ++tally_.total.stalled;
  if (!has_stalled_) ++tally_.stalled_viewers;
  has_stalled_ = true;
}

}  // namespace levee::bench
