#include "bench/viewer/track.h"

#include <algorithm>
#include <cmath>

#include "bench/origin/pattern.h"
#include "bench/viewer/cache_word.h"

namespace levee::bench {
namespace {
constexpr int64_t kLeastPauseUs = 100'000;  // while nothing plays, what is too much stays so
}

void start_timer(event* timer, int64_t microseconds) {
  const int64_t wait = std::max<int64_t>(microseconds, 0);
  const timeval delay{wait / 1'000'000, static_cast<suseconds_t>(wait % 1'000'000)};
  evtimer_add(timer, &delay);
}

class Track::Request final : public HttpClient::Observer {
 public:
  enum class Kind : unsigned char { kPlaylist, kSegment };
  Request(Track& track, Kind kind) : track_(track), kind_(kind) {}

  // `range`: a Range field's value; empty: the whole.
  void ask(const Location& location, const std::string& range, int64_t due_us) {
    const std::string& path = location.path;
    if (!location.authority.empty()) ++track_.crowd_.tally.by_authority[location.authority];
    due_us_ = due_us;
    status_ = 0;
    received_ = 0;
    first_byte_us_ = 0;
    is_busy_ = true;
    text_.clear();
    is_right_ = true;
    verifies_ = kind_ == Kind::kSegment && range.empty() && track_.crowd_.model.verifies && is_generated(path);
    if (verifies_) pattern_ = Pattern(std::string_view(path).substr(0, path.find('?')));
    track_.crowd_.tally.add(&Second::requests);
    const std::string& common = track_.crowd_.model.fields;
    const std::string fields = range.empty() ? common : common + "Range: " + range + "\r\n";
    asked_ = &track_.owner_.target();
    track_.crowd_.connections.get(track_.owner_.home(), *asked_, path, fields, *this);
  }
  void cancel() {
    if (is_busy_) track_.crowd_.connections.cancel(track_.owner_.home(), *this);
    is_busy_ = false;
  }
  bool is_busy() const { return is_busy_; }
  bool has_begun() const { return is_busy_ && first_byte_us_ > 0; }

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
      track_.crowd_.tally.segment_first_byte.record(late);
      track_.crowd_.tally.now_first_byte.record(late);
    }
    received_ += bytes;
  }
  void on_end() override {
    is_busy_ = false;
    ViewerTally& tally = track_.crowd_.tally;
    count_answer(status_, word_, tally);
    tally.add_bytes(received_);
    if (verifies_ && status_ == 200) ++tally.verified;
    if (!is_right_) ++tally.wrong_bodies;
    if (kind_ == Kind::kPlaylist) {
      tally.playlist_whole.record(now_us() - due_us_);
      track_.playlist_done(status_ == 200, text_);
    } else {
      if (is_good()) tally.segment_whole.record(std::max<int64_t>(now_us() - due_us_, 0));
      track_.segment_done(is_good(), received_, received_ > 0 ? now_us() - first_byte_us_ : 0);
    }
  }
  void on_failure(Failure) override {
    is_busy_ = false;
    track_.crowd_.tally.add(&Second::errors);
    track_.owner_.on_no_answer(*asked_);
    if (kind_ == Kind::kPlaylist) return track_.playlist_done(false, {});
    track_.segment_done(false, 0, 0);
  }

  Track& track_;
  const Kind kind_;
  const Target* asked_ = nullptr;
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

Track::Track(Crowd& crowd, Owner& owner)
    : crowd_(crowd),
      owner_(owner),
      playlist_request_(std::make_unique<Request>(*this, Request::Kind::kPlaylist)),
      segment_request_(std::make_unique<Request>(*this, Request::Kind::kSegment)),
      poll_timer_(evtimer_new(
          &crowd.loop.base(), [](evutil_socket_t, short, void* self) { static_cast<Track*>(self)->poll(); }, this)),
      fetch_timer_(evtimer_new(
          &crowd.loop.base(), [](evutil_socket_t, short, void* self) { static_cast<Track*>(self)->fetch_next(); },
          this)) {}

Track::~Track() {
  for (event* timer : {poll_timer_, fetch_timer_}) event_free(timer);
}

void Track::follow(const Location& location, int64_t due_us) {
  stop();
  location_ = location;
  poll_due_us_ = due_us;
  poll();
}

void Track::turn_to(const Location& location) {
  playlist_request_->cancel();
  if (fetching_seconds_ == 0) segment_request_->cancel();  // the other's initialization segment
  location_ = location;
  has_map_ = false;
  last_newest_ = -1;
  playlist_ = {};
  poll_at(now_us());
}

void Track::stop() {
  for (event* timer : {poll_timer_, fetch_timer_}) event_del(timer);
  playlist_request_->cancel();
  segment_request_->cancel();
  location_ = {};
  playlist_ = {};
  next_ = last_newest_ = -1;
  has_map_ = false;
  playlist_retry_ms_ = segment_retry_ms_ = segment_due_us_ = 0;
}

int64_t Track::waits_us(int64_t now) const {
  const bool waits = segment_due_us_ > 0 && !segment_request_->has_begun();
  return waits ? std::max<int64_t>(now - segment_due_us_, 0) : 0;
}

Location Track::poll_location() const {
  const bool blocks = playlist_.can_block && playlist_.parts_per_segment > 0 && last_newest_ >= 0;
  Location location = location_;
  if (blocks) location.path += (location.path.find('?') == std::string::npos ? "?" : "&") + playlist_.next_query();
  return location;
}

void Track::poll() {
  playlist_request_->ask(poll_location(), {}, poll_due_us_);
}

void Track::poll_at(int64_t due_us) {
  const int64_t now = now_us();
  poll_due_us_ = std::max(due_us, now);
  start_timer(poll_timer_, poll_due_us_ - now);
}

void Track::poll_again(bool changed) {
  if (playlist_.is_ended) return owner_.on_ended_playlist();  // RFC 8216 section 6.3.4: it is not asked for again
  if (playlist_.can_block && playlist_.parts_per_segment > 0 && changed) {
    return poll_at(now_us());  // the server holds it until there is more
  }
  // RFC 8216 section 6.3.4: after a change one target duration, otherwise half of that. From when the last poll was
  // due, as a player's timer does: a slow answer does not add up.
  poll_at(poll_due_us_ + std::llround(playlist_.target_seconds * (changed ? 1e6 : 5e5)));
}

void Track::playlist_done(bool good, const std::string& text) {
  if (good && owner_.has_variants(text)) return;
  auto parsed = good ? parse_playlist(text) : std::nullopt;
  if (!parsed || parsed->segments.empty()) {
    if (good) crowd_.tally.add(&Second::errors);  // a player can do nothing with it, whatever its status says
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
  poll_again(changed);
  if (!segment_request_->is_busy() && evtimer_pending(fetch_timer_, nullptr) == 0) fetch_next();
}

void Track::ask_segment(const std::string& uri, const std::string& range) {
  if (segment_due_us_ == 0) segment_due_us_ = now_us();
  segment_request_->ask(resolve(location_, uri), range, segment_due_us_);
}

void Track::fetch_after(int64_t microseconds) {
  start_timer(fetch_timer_, microseconds);
}

void Track::fetch_next() {
  const int64_t too_much = owner_.too_much_us(*this);
  if (too_much > 0) return fetch_after(std::max(too_much, kLeastPauseUs));
  if (!has_map_ && !playlist_.map.empty()) {
    fetching_seconds_ = 0;
    return ask_segment(playlist_.map, playlist_.map_range);
  }
  const Playlist::Segment* const segment = playlist_.from(next_);
  if (segment == nullptr) return fetch_hinted();
  if (const int64_t gone = segment->sequence - next_; gone > 0) {
    crowd_.tally.skipped_segments += static_cast<uint64_t>(gone);
    owner_.on_gone(*this, static_cast<double>(gone) * segment->seconds);
  }
  next_ = segment->sequence;
  fetching_seconds_ = segment->seconds;
  ask_segment(segment->uri, segment->range);
}

// The part after the newest is asked for before there is one, and held. It is due when it should be whole.
void Track::fetch_hinted() {
  const bool is_next = !playlist_.hint.empty() && playlist_.parts_per_segment > 0 && next_ == playlist_.newest() + 1;
  if (!is_next) return;  // the next playlist will have it
  fetching_seconds_ = playlist_.part_seconds;
  segment_due_us_ = std::max<int64_t>(now_us(), changed_us_ + std::llround(playlist_.part_seconds * 1e6));
  ask_segment(playlist_.hint, {});
}

void Track::segment_done(bool good, uint64_t bytes, int64_t took_us) {
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
    owner_.on_media(*this, fetching_seconds_, bytes, took_us);
  }
  fetch_next();
}

}  // namespace levee::bench
