#include "bench/viewer/viewer.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace levee::bench {
namespace {

constexpr int64_t kLateUs = 5'000'000;  // a viewer without a frame after this counts as not started

uint64_t line_of(const ViewerModel& model, uint32_t number) {
  return model.throughput.empty() ? 0 : model.throughput[number % model.throughput.size()] / 8;
}

}  // namespace

Viewer::Viewer(Crowd& crowd, uint32_t number)
    : crowd_(crowd),
      target_(number % crowd.targets.size()),
      home_(line_of(crowd.model, number)),
      playback_(crowd.model.start_segments),
      main_{{crowd, *this}},
      sound_{{crowd, *this}},
      dry_timer_(evtimer_new(
          &crowd.loop.base(), [](evutil_socket_t, short, void* self) { static_cast<Viewer*>(self)->buffer_ran_dry(); },
          this)) {}

Viewer::~Viewer() {
  event_free(dry_timer_);
  crowd_.connections.close(home_);
}

void Viewer::join(const std::string& path, int64_t due_us) {
  if (is_watching()) return;
  location_ = {.authority = {}, .path = path};
  variants_.clear();
  main_.media_us = sound_.media_us = shown_us_ = 0;
  is_counted_late_ = false;
  playback_.join(due_us);
  ++crowd_.tally.joined;
  ++crowd_.tally.total.viewers;
  crowd_.tally.add(&Second::joins);
  main_.track.follow(location_, due_us);
}

void Viewer::leave() {
  if (!is_watching()) return;
  settle(now_us());
  if (playback_.state() == Playback::State::kStalled) --crowd_.tally.total.stalled;
  playback_.leave();
  --crowd_.tally.total.viewers;
  event_del(dry_timer_);
  main_.track.stop();
  sound_.track.stop();
  crowd_.connections.close(home_);
}

int64_t Viewer::starting_us(int64_t now) const {
  return playback_.state() == Playback::State::kStarting ? now - playback_.joined_us() : 0;
}

int64_t Viewer::segment_waits_us(int64_t now) const {
  return is_watching() ? std::max(main_.track.waits_us(now), sound_.track.waits_us(now)) : 0;
}

void Viewer::settle(int64_t now) {
  const Playback::Watched watched = playback_.settle(now);
  crowd_.tally.watched_us += watched.watched_us;
  crowd_.tally.stall_us += watched.stalled_us;
  if (starting_us(now) > kLateUs && !is_counted_late_) {
    is_counted_late_ = true;
    ++crowd_.tally.not_started;
  }
}

// One side has ended, and nothing more can be shown of the other.
bool Viewer::has_all() const {
  const auto ends = [this](const Side& side) { return side.track.has_all() && side.media_us == common_us(); };
  return ends(main_) || (has_sound() && ends(sound_));
}

void Viewer::on_no_answer(const Target& asked) {
  if (&asked == &target()) target_ = (target_ + 1) % crowd_.targets.size();
}

int64_t Viewer::too_much_us(const Track& track) const {
  const int64_t ahead = side_of(track).media_us - shown_us_;
  return playback_.buffered_us(now_us()) + ahead - crowd_.model.buffer_ms * 1000;
}

// Its place in the stream is that much further, and nothing of that will be shown.
void Viewer::on_gone(const Track& track, double seconds) {
  const int64_t before = common_us();
  side_of(track).media_us += std::llround(seconds * 1e6);
  shown_us_ += common_us() - before;
}

bool Viewer::has_variants(const std::string& text) {
  if (!variants_.empty()) return false;
  variants_ = parse_variants(text);
  if (!variants_.empty()) go_to_variant(0);
  return !variants_.empty();
}

void Viewer::go_to_variant(size_t variant) {
  variant_ = variant;
  main_.track.turn_to(resolve(location_, variants_[variant].uri));
  const std::string& uri = variants_[variant].sound;
  const Location sound = uri.empty() ? Location() : resolve(location_, uri);
  if (sound == sound_.track.location()) return;
  if (uri.empty()) return sound_.track.stop();
  if (has_sound()) return sound_.track.turn_to(sound);
  sound_.media_us = main_.media_us;
  sound_.track.follow(sound, now_us());
}

// Goes on with the same segment number in another rendition, when its line carries more or less than it thought.
void Viewer::consider_variants(uint64_t bytes, int64_t took_us) {
  if (variants_.size() < 2) return;
  ladder_.saw(bytes, took_us);
  std::vector<uint64_t> bandwidths;
  bandwidths.reserve(variants_.size());
  for (const Variant& variant : variants_) bandwidths.push_back(variant.bandwidth);
  const size_t best = ladder_.choose(bandwidths, variant_);
  if (best == variant_) return;
  crowd_.tally.add(&Second::switches);
  go_to_variant(best);
}

// What can be shown has come of both. Where their segments are not of one length, a sliver of one is no reason to
// begin, or to go on after a stall.
void Viewer::on_media(Track& track, double seconds, uint64_t bytes, int64_t took_us) {
  const int64_t segment_us = std::llround(seconds * 1e6);
  side_of(track).media_us += segment_us;
  const int64_t grown = common_us() - shown_us_;
  if (2 * grown >= segment_us || (grown > 0 && playback_.state() == Playback::State::kPlaying)) {
    shown_us_ += grown;
    got_media(grown);
  }
  if (&track == &main_.track) consider_variants(bytes, took_us);
  if (has_all()) on_ended_playlist();
}

void Viewer::got_media(int64_t media_us) {
  const int64_t now = now_us();
  ViewerTally& tally = crowd_.tally;
  const bool was_stalled = playback_.state() == Playback::State::kStalled;
  if (playback_.add(now, media_us)) {
    ++tally.started;
    tally.add(&Second::starts);
    tally.start_up.record(now - playback_.joined_us());
    tally.now_start_up.record(now - playback_.joined_us());
  }
  if (was_stalled) --tally.total.stalled;
  if (const auto dry_at = playback_.dry_at()) start_timer(dry_timer_, *dry_at - now);
}

// Who waits for more has seen all.
void Viewer::on_ended_playlist() {
  if (playback_.state() == Playback::State::kStalled && has_all()) start_timer(dry_timer_, 0);
}

void Viewer::buffer_ran_dry() {
  const int64_t now = now_us();
  if (has_all() && playback_.buffered_us(now) == 0) return leave();
  const bool is_first = !playback_.has_stalled();
  if (playback_.run_dry(now)) {
    crowd_.tally.add(&Second::stalls);
    ++crowd_.tally.total.stalled;
    if (is_first) ++crowd_.tally.stalled_viewers;
  } else if (const auto dry_at = playback_.dry_at()) {
    start_timer(dry_timer_, *dry_at - now);
  }
}

}  // namespace levee::bench
