#include "bench/viewer/viewer.h"

#include <algorithm>
#include <cmath>

#include "bench/origin/pattern.h"
#include "bench/viewer/cache_word.h"

namespace levee::bench {
namespace {

constexpr int64_t kLateUs = 5'000'000;  // a viewer without a frame after this counts as not started

void start_timer(event* timer, int64_t microseconds) {
  const int64_t wait = std::max<int64_t>(microseconds, 0);
  const timeval delay{wait / 1'000'000, static_cast<suseconds_t>(wait % 1'000'000)};
  evtimer_add(timer, &delay);
}

}  // namespace

class Viewer::Request final : public HttpClient::Observer {
 public:
  enum class Kind : unsigned char { kPlaylist, kSegment };
  Request(Viewer& viewer, Kind kind) : viewer_(viewer), kind_(kind) {}

  // `range`: a Range field's value; empty: the whole.
  void ask(const std::string& path, const std::string& range, int64_t due_us) {
    due_us_ = due_us;
    status_ = 0;
    received_ = 0;
    first_byte_us_ = 0;
    is_busy_ = true;
    text_.clear();
    is_right_ = true;
    verifies_ = kind_ == Kind::kSegment && range.empty() && viewer_.crowd_.model.verifies && is_generated(path);
    if (verifies_) pattern_ = Pattern(std::string_view(path).substr(0, path.find('?')));
    Crowd& crowd = viewer_.crowd_;
    crowd.tally.add(&Second::requests);
    const std::string fields = range.empty() ? "" : "Range: " + range + "\r\n";
    crowd.connections.get(viewer_.home_, crowd.targets[viewer_.target_], path, fields, *this);
  }
  bool is_busy() const { return is_busy_; }
  bool has_begun() const { return is_busy_ && first_byte_us_ > 0; }
  void forget() { is_busy_ = false; }

 private:
  bool is_good() const { return status_ == 200 || status_ == 206; }
  bool wants_body() const override { return kind_ == Kind::kPlaylist || verifies_; }
  void on_head(const ResponseHead& head) override {
    status_ = head.status;
    word_ = cache_word(head);
  }
  void on_body(std::string_view bytes) override {
    if (kind_ == Kind::kPlaylist) text_ += bytes;
    if (verifies_ && status_ == 200) is_right_ = is_right_ && pattern_.matches(received_, bytes);
    on_skipped(bytes.size());
  }
  void on_skipped(uint64_t bytes) override {
    if (received_ == 0 && kind_ == Kind::kSegment && is_good()) {
      first_byte_us_ = now_us();
      const int64_t late = std::max<int64_t>(first_byte_us_ - due_us_, 0);  // a hinted part may come before its time
      viewer_.crowd_.tally.segment_first_byte.record(late);
      viewer_.crowd_.tally.now_first_byte.record(late);
    }
    received_ += bytes;
  }
  void on_end() override {
    is_busy_ = false;
    ViewerTally& tally = viewer_.crowd_.tally;
    count_answer(status_, word_, tally);
    tally.add_bytes(received_);
    if (verifies_ && status_ == 200) ++tally.verified;
    if (!is_right_) ++tally.wrong_bodies;
    if (kind_ == Kind::kPlaylist) {
      tally.playlist_whole.record(now_us() - due_us_);
      viewer_.playlist_done(status_ == 200, text_);
    } else {
      if (is_good()) tally.segment_whole.record(std::max<int64_t>(now_us() - due_us_, 0));
      viewer_.segment_done(is_good(), received_, received_ > 0 ? now_us() - first_byte_us_ : 0);
    }
  }
  void on_failure(Failure) override {
    is_busy_ = false;
    viewer_.crowd_.tally.add(&Second::errors);
    viewer_.try_another_target();
    if (kind_ == Kind::kPlaylist) return viewer_.playlist_done(false, {});
    viewer_.segment_done(false, 0, 0);
  }

  Viewer& viewer_;
  const Kind kind_;
  int64_t due_us_ = 0;
  int64_t first_byte_us_ = 0;
  int status_ = 0;
  CacheWord word_ = CacheWord::kNone;
  bool is_busy_ = false, verifies_ = false;
  uint64_t received_ = 0;
  std::string text_;
  bool is_right_ = true;
  Pattern pattern_{""};
};

namespace {

uint64_t line_of(const ViewerModel& model, uint32_t number) {
  return model.throughput.empty() ? 0 : model.throughput[number % model.throughput.size()] / 8;
}

}  // namespace

Viewer::Viewer(Crowd& crowd, uint32_t number)
    : crowd_(crowd),
      target_(number % crowd.targets.size()),
      home_(line_of(crowd.model, number)),
      playback_(crowd.model.start_segments),
      playlist_request_(std::make_unique<Request>(*this, Request::Kind::kPlaylist)),
      segment_request_(std::make_unique<Request>(*this, Request::Kind::kSegment)),
      poll_timer_(evtimer_new(
          &crowd.loop.base(), [](evutil_socket_t, short, void* self) { static_cast<Viewer*>(self)->poll(); }, this)),
      fetch_timer_(evtimer_new(
          &crowd.loop.base(), [](evutil_socket_t, short, void* self) { static_cast<Viewer*>(self)->fetch_next(); },
          this)),
      dry_timer_(evtimer_new(
          &crowd.loop.base(), [](evutil_socket_t, short, void* self) { static_cast<Viewer*>(self)->buffer_ran_dry(); },
          this)) {}

Viewer::~Viewer() {
  for (event* timer : {poll_timer_, fetch_timer_, dry_timer_}) event_free(timer);
  crowd_.connections.close(home_);
}

void Viewer::join(const std::string& path, int64_t due_us) {
  if (is_watching()) return;
  path_ = path;
  variants_.clear();
  next_ = -1;
  last_newest_ = -1;
  has_map_ = is_counted_late_ = false;
  playlist_retry_ms_ = segment_retry_ms_ = segment_due_us_ = 0;
  poll_due_us_ = due_us;
  playback_.join(due_us);
  ++crowd_.tally.joined;
  ++crowd_.tally.total.viewers;
  crowd_.tally.add(&Second::joins);
  poll();
}

void Viewer::leave() {
  if (!is_watching()) return;
  settle(now_us());
  if (playback_.state() == Playback::State::kStalled) --crowd_.tally.total.stalled;
  playback_.leave();
  --crowd_.tally.total.viewers;
  for (event* timer : {poll_timer_, fetch_timer_, dry_timer_}) event_del(timer);
  crowd_.connections.close(home_);
  playlist_request_->forget();
  segment_request_->forget();
}

int64_t Viewer::starting_us(int64_t now) const {
  return playback_.state() == Playback::State::kStarting ? now - playback_.joined_us() : 0;
}

int64_t Viewer::segment_waits_us(int64_t now) const {
  const bool waits = is_watching() && segment_due_us_ > 0 && !segment_request_->has_begun();
  return waits ? std::max<int64_t>(now - segment_due_us_, 0) : 0;
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

bool Viewer::has_all() const {
  return playlist_.is_ended && next_ > playlist_.newest();
}

void Viewer::try_another_target() {
  target_ = (target_ + 1) % crowd_.targets.size();
}

std::string Viewer::poll_path() const {
  const bool blocks = playlist_.can_block && playlist_.parts_per_segment > 0 && last_newest_ >= 0;
  if (!blocks) return path_;
  return path_ + (path_.find('?') == std::string::npos ? "?" : "&") + playlist_.next_query();
}

void Viewer::poll() {
  playlist_request_->ask(poll_path(), {}, poll_due_us_);
}

void Viewer::poll_at(int64_t due_us) {
  const int64_t now = now_us();
  poll_due_us_ = std::max(due_us, now);
  start_timer(poll_timer_, poll_due_us_ - now);
}

void Viewer::playlist_done(bool good, const std::string& text) {
  if (good && variants_.empty()) {
    variants_ = parse_variants(text);
    if (!variants_.empty()) {
      for (Variant& variant : variants_) variant.uri = resolve_path(path_, variant.uri);
      return go_to_variant(0);
    }
  }
  auto parsed = good ? parse_playlist(text) : std::nullopt;
  if (!parsed || parsed->segments.empty()) {
    playlist_retry_ms_ = std::clamp(2 * playlist_retry_ms_, crowd_.model.retry_first_ms, crowd_.model.retry_most_ms);
    return poll_at(now_us() + playlist_retry_ms_ * 1000);
  }
  playlist_retry_ms_ = 0;
  playlist_ = std::move(*parsed);
  if (next_ < 0) {
    const int64_t behind = playlist_.part_seconds > 0
                               ? std::llround(playlist_.hold_back_seconds / playlist_.part_seconds)
                               : crowd_.model.behind_edge;
    const int64_t oldest = playlist_.segments.front().sequence;
    next_ = playlist_.is_ended ? oldest : std::max(playlist_.newest() - behind + 1, oldest);
  }
  const bool changed = playlist_.newest() != last_newest_;
  last_newest_ = playlist_.newest();
  if (changed) changed_us_ = now_us();
  if (playlist_.is_ended) {
    // RFC 8216 section 6.3.4: it is not asked for again. Who waits for more has seen all.
    if (playback_.state() == Playback::State::kStalled && has_all()) start_timer(dry_timer_, 0);
  } else if (playlist_.can_block && playlist_.parts_per_segment > 0 && changed) {
    poll_at(now_us());  // the server holds it until there is more
  } else {
    // RFC 8216 section 6.3.4: after a change one target duration, otherwise half of that. From when the last poll was
    // due, as a player's timer does: a slow answer does not add up.
    poll_at(poll_due_us_ + std::llround(playlist_.target_seconds * (changed ? 1e6 : 5e5)));
  }
  if (!segment_request_->is_busy() && evtimer_pending(fetch_timer_, nullptr) == 0) fetch_next();
}

void Viewer::go_to_variant(size_t variant) {
  variant_ = variant;
  path_ = variants_[variant].uri;
  has_map_ = false;
  last_newest_ = -1;
  playlist_ = {};
  event_del(poll_timer_);
  if (!playlist_request_->is_busy()) poll_at(now_us());
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
  if (playlist_request_->is_busy()) crowd_.connections.cancel(home_, *playlist_request_);
  playlist_request_->forget();
  crowd_.tally.add(&Second::switches);
  go_to_variant(best);
}

void Viewer::ask_segment(const std::string& uri, const std::string& range) {
  if (segment_due_us_ == 0) segment_due_us_ = now_us();
  segment_request_->ask(resolve_path(path_, uri), range, segment_due_us_);
}

void Viewer::fetch_after(int64_t microseconds) {
  start_timer(fetch_timer_, microseconds);
}

void Viewer::fetch_next() {
  const int64_t too_much = playback_.buffered_us(now_us()) - crowd_.model.buffer_ms * 1000;
  if (too_much > 0) return fetch_after(too_much);
  if (!has_map_ && !playlist_.map.empty()) {
    fetching_seconds_ = 0;
    return ask_segment(playlist_.map, playlist_.map_range);
  }
  const Playlist::Segment* const segment = playlist_.from(next_);
  if (segment == nullptr) return fetch_hinted();
  crowd_.tally.skipped_segments += static_cast<uint64_t>(segment->sequence - next_);
  next_ = segment->sequence;
  fetching_seconds_ = segment->seconds;
  ask_segment(segment->uri, segment->range);
}

// The part after the newest is asked for before there is one, and held. It is due when it should be whole.
void Viewer::fetch_hinted() {
  const bool is_next = !playlist_.hint.empty() && playlist_.parts_per_segment > 0 && next_ == playlist_.newest() + 1;
  if (!is_next) return;  // the next playlist will have it
  fetching_seconds_ = playlist_.part_seconds;
  segment_due_us_ = std::max<int64_t>(now_us(), changed_us_ + std::llround(playlist_.part_seconds * 1e6));
  ask_segment(playlist_.hint, {});
}

void Viewer::segment_done(bool good, uint64_t bytes, int64_t took_us) {
  if (!good) {
    segment_retry_ms_ = std::clamp(2 * segment_retry_ms_, crowd_.model.retry_first_ms, crowd_.model.retry_most_ms);
    return fetch_after(segment_retry_ms_ * 1000);
  }
  segment_retry_ms_ = 0;
  segment_due_us_ = 0;
  if (fetching_seconds_ == 0) {
    has_map_ = true;
  } else {
    ++next_;
    got_media(fetching_seconds_);
    consider_variants(bytes, took_us);
  }
  fetch_next();
}

void Viewer::got_media(double seconds) {
  const int64_t now = now_us();
  ViewerTally& tally = crowd_.tally;
  const bool was_stalled = playback_.state() == Playback::State::kStalled;
  if (playback_.add(now, std::llround(seconds * 1e6))) {
    ++tally.started;
    tally.add(&Second::starts);
    tally.start_up.record(now - playback_.joined_us());
    tally.now_start_up.record(now - playback_.joined_us());
  }
  if (was_stalled) --tally.total.stalled;
  if (const auto dry_at = playback_.dry_at()) start_timer(dry_timer_, *dry_at - now);
}

void Viewer::buffer_ran_dry() {
  const int64_t now = now_us();
  if (has_all()) return leave();
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
