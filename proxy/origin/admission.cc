#include "proxy/origin/admission.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace levee {
namespace {

// Nobody waits for a background refresh, and all that has expired at once is to be refreshed in the end.
constexpr int64_t kBackgroundPatience = 12, kLeastBackgroundPatience = 60'000;  // times a viewer's; ms

// For the moments at which a slot comes back from wherever a fetch was destroyed.
int64_t clock_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Permit& Permit::operator=(Permit&& other) noexcept {
  release();
  admission_ = std::move(other.admission_);
  idle_ = std::exchange(other.idle_, false);
  leaving_ = std::exchange(other.leaving_, false);
  seated_ = std::exchange(other.seated_, false);
  return *this;
}

void Permit::idle(bool is_idle) {
  if (idle_ == is_idle) return;
  idle_ = is_idle;
  const std::lock_guard lock(admission_->mutex_);
  is_idle ? ++admission_->idle_ : --admission_->idle_;
}

bool Permit::gives_way() {
  const std::lock_guard lock(admission_->mutex_);
  if (!idle_ || admission_->queue_.size() <= admission_->leaving_ || 2 * admission_->idle_ <= admission_->limit()) {
    return false;
  }
  idle_ = false;
  leaving_ = true;
  --admission_->idle_;
  ++admission_->leaving_;
  return true;
}

void Permit::release() {
  if (idle_) idle(false);
  const bool leaving = std::exchange(leaving_, false);
  if (const auto admission = std::exchange(admission_, nullptr)) admission->release(seated_, leaving, clock_now());
}

void Permit::head_came(uint64_t resource, int64_t started, int64_t now) {
  Admission::Wakes wakes;
  {
    const std::lock_guard lock(admission_->mutex_);
    if (!admission_->limited_) return;
    admission_->faulty_.answered(resource);
    admission_->limiter_.sample(started, now, admission_->in_flight_);
    admission_->grant(now, wakes);
  }
  Admission::wake(wakes);
}

void Permit::failed(uint64_t resource, int64_t started, int64_t now) {
  const std::lock_guard lock(admission_->mutex_);
  if (!admission_->limited_ || admission_->faulty_.failed(resource)) return;
  admission_->limiter_.dropped(started, now);
}

Place& Place::operator=(Place&& other) noexcept {
  leave();
  admission_ = std::move(other.admission_);
  ticket_ = other.ticket_;
  deadline_ = other.deadline_;
  return *this;
}

Place::Standing Place::claim(std::optional<Permit>& permit) {
  const std::lock_guard lock(admission_->mutex_);
  const auto at = admission_->waiters_.find(ticket_);
  const Standing standing = at->second.standing;
  if (standing == Standing::kWaiting) return standing;
  admission_->waiters_.erase(at);
  // The slot was counted when it was granted.
  if (standing == Standing::kGranted) permit.emplace(Permit(admission_));
  ticket_ = 0;
  return standing;
}

void Place::leave() {
  const auto admission = std::exchange(admission_, nullptr);
  if (admission == nullptr || ticket_ == 0) return;
  bool granted = false;
  {
    const std::lock_guard lock(admission->mutex_);
    const auto at = admission->waiters_.find(ticket_);
    granted = at->second.standing == Standing::kGranted;
    admission->waiters_.erase(at);
    admission->queue_.remove(ticket_);
  }
  if (granted) admission->release(false, false, clock_now());
}

void Admission::apply(const Upstream& upstream) {
  Wakes wakes;
  {
    const std::lock_guard lock(mutex_);
    const bool same_kind = limited_ && upstream.concurrency && rule_.adaptive == upstream.concurrency->adaptive;
    limited_ = upstream.concurrency.has_value();
    if (limited_) {
      rule_ = *upstream.concurrency;
      if (same_kind) {
        limiter_.apply(rule_here());
      } else {
        limiter_ = Limiter(rule_here());
      }
    }
    queue_.resize(upstream.queue.size);
    queue_timeout_ = upstream.queue.timeout.count();
    grant(clock_now(), wakes);
  }
  wake(wakes);
}

void Admission::share(bool shared) {
  Wakes wakes;
  {
    const std::lock_guard lock(mutex_);
    if (!shared) {
      part_.reset();
      nodes_ = 1;
    } else if (!part_) {
      part_ = 0;
    }
    if (limited_) limiter_.apply(rule_here());
    grant(clock_now(), wakes);
  }
  wake(wakes);
}

void Admission::forget_part() {
  const std::lock_guard lock(mutex_);
  if (part_) part_ = 0;
}

void Admission::set_part(uint32_t slots, uint32_t nodes) {
  Wakes wakes;
  {
    const std::lock_guard lock(mutex_);
    part_ = slots;
    if (std::exchange(nodes_, std::max(nodes, 1U)) != nodes_ && limited_) limiter_.apply(rule_here());
    grant(clock_now(), wakes);
  }
  wake(wakes);
}

// What the limiter goes by: of an adaptive limit this node's part of where it begins and of how low it goes.
Concurrency Admission::rule_here() const {
  Concurrency rule = rule_;
  if (rule.adaptive) {
    rule.min = std::max(rule.min / nodes_, 1U);
    rule.initial = std::max(rule.initial / nodes_, rule.min);
  }
  return rule;
}

uint32_t Admission::limit() const {
  if (!limited_) return UINT32_MAX;
  return part_ ? std::min(*part_, limiter_.limit()) : limiter_.limit();
}

std::optional<Admission::Demand> Admission::demand() const {
  const std::lock_guard lock(mutex_);
  if (!limited_) return std::nullopt;
  size_t wanted = in_flight_;
  for (const Priority priority : kClasses) wanted += queue_.size(priority);
  return Demand{rule_.adaptive ? rule_.max : rule_.initial, static_cast<uint32_t>(wanted), in_flight_};
}

Admission::Answer Admission::admit(Priority priority, bool may_wait, Subscriber who, int64_t now) {
  std::optional<Subscriber> shed;
  Answer answer = Refused{};
  {
    const std::lock_guard lock(mutex_);
    // Nobody goes past those who wait, unless they are of a lower class.
    size_t before = 0;
    for (size_t i = 0; i <= class_index(priority); ++i) before += queue_.size(kClasses[i]);
    if (queue_.size() == 0) crowded_ = false;
    if (limited_) limiter_.begin(in_flight_, now);
    if (in_flight_ < limit() && before == 0 && !crowded_) {
      ++in_flight_;
      ++counts_.admitted;
      return Permit(shared_from_this());
    }
    answer = queue_up(priority, may_wait, who, now, now, shed);
  }
  if (shed) wake({*shed});
  return answer;
}

Admission::Answer Admission::stand_back(Permit permit, uint64_t departures, Priority priority, bool may_wait,
                                        Subscriber who, int64_t since, int64_t now) {
  std::optional<Subscriber> shed;
  Answer answer = Refused{};
  {
    const std::lock_guard lock(mutex_);
    if (departures_ > departures) return permit;  // there may be room since
    permit.admission_.reset();
    --in_flight_;
    --counts_.admitted;
    if (!std::exchange(crowded_, true)) room_ = 0;
    answer = queue_up(priority, may_wait, who, since, now, shed);
  }
  if (shed) wake({*shed});
  return answer;
}

// The mutex is held.
Admission::Answer Admission::queue_up(Priority priority, bool may_wait, Subscriber who, int64_t since, int64_t now,
                                      std::optional<Subscriber>& shed) {
  const int64_t deadline = since + patience(priority);
  if (!may_wait || queue_timeout_ <= 0 || deadline <= now) return Refused{};
  const FetchQueue::Pushed pushed = queue_.push(priority, now, deadline);
  if (pushed.ticket == 0) return Refused{};
  ++counts_.waits[class_index(priority)];
  waiters_.emplace(pushed.ticket, Waiter{who, Place::Standing::kWaiting, now});
  if (pushed.shed) {
    Waiter& waiter = waiters_.at(*pushed.shed);
    waiter.standing = Place::Standing::kShed;
    shed = waiter.who;
  }
  return Place(shared_from_this(), pushed.ticket, deadline);
}

void Admission::room_made(uint64_t departures) {
  Wakes wakes;
  {
    const std::lock_guard lock(mutex_);
    departures_ = std::max(departures_, departures);
    if (!crowded_) return;
    ++room_;
    grant(clock_now(), wakes);
  }
  wake(wakes);
}

void Admission::servers_changed() {
  Wakes wakes;
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(crowded_, false)) return;
    grant(clock_now(), wakes);
  }
  wake(wakes);
}

void Admission::count_stale() {
  const std::lock_guard lock(mutex_);
  ++counts_.overloaded_stale;
}

void Admission::count_shed(Priority priority) {
  const std::lock_guard lock(mutex_);
  ++counts_.sheds[class_index(priority)];
}

int64_t Admission::patience(Priority priority) const {
  if (priority != Priority::kBackground) return queue_timeout_;
  return std::max(kBackgroundPatience * queue_timeout_, kLeastBackgroundPatience);
}

void Admission::release(bool seated, bool leaving, int64_t now) {
  Wakes wakes;
  {
    const std::lock_guard lock(mutex_);
    --in_flight_;
    if (leaving) --leaving_;
    if (crowded_ && !seated) ++room_;  // the room that it was to have is there
    grant(now, wakes);
  }
  wake(wakes);
}

// Gives free slots to those who wait.
void Admission::grant(int64_t now, Wakes& wakes) {
  while (in_flight_ < limit() && (!crowded_ || room_ > 0)) {
    const std::optional<uint64_t> ticket = queue_.pop(now);
    if (!ticket) {
      crowded_ = false;
      return;
    }
    if (crowded_) --room_;
    if (limited_) limiter_.begin(in_flight_, now);
    Waiter& waiter = waiters_.at(*ticket);
    waiter.standing = Place::Standing::kGranted;
    counts_.waited_ms += static_cast<uint64_t>(std::max<int64_t>(now - waiter.since, 0));
    ++in_flight_;
    ++counts_.admitted;
    wakes.push_back(waiter.who);
  }
}

void Admission::wake(const Wakes& wakes) {
  for (const Subscriber& who : wakes) who.waker->wake({&who.token, 1});
}

AdmissionSnapshot Admission::snapshot() const {
  const std::lock_guard lock(mutex_);
  AdmissionSnapshot now = counts_;
  now.limited = limited_;
  now.adaptive = limited_ && rule_.adaptive;
  now.limit = limited_ ? limit() : 0;
  now.in_flight = in_flight_;
  now.idle = idle_;
  now.baseline = limiter_.baseline();
  for (size_t i = 0; i < kClasses.size(); ++i) now.queued[i] = queue_.size(kClasses[i]);
  return now;
}

}  // namespace levee
