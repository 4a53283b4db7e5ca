#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "sim/workload/session_source.hpp"
#include "sim/workload/sources/role_agent.hpp"

namespace agentsim::workload {
namespace {

void add_messages(RoleSession& session) {
  std::vector<Message>& messages = session.plan.messages;
  for (const DrawnMessage& drawn : session.messages) {
    const Agent& sender = session.plan.agents[drawn.sender_agent];
    messages.push_back(
        {sender.first_call + std::min(drawn.sender_call, sender.call_count - 1), drawn.reader});
  }
  std::sort(messages.begin(), messages.end(), [](const Message& a, const Message& b) {
    return std::tie(a.reader, a.sender) < std::tie(b.reader, b.sender);
  });
  const auto is_same = [](const Message& a, const Message& b) {
    return a.reader == b.reader && a.sender == b.sender;
  };
  messages.erase(std::unique(messages.begin(), messages.end(), is_same), messages.end());
}

// Sessions drawn from descriptions of roles.
class RoleSessions : public SessionSource {
 public:
  RoleSessions(const RoleBook& book, const std::string& root, uint64_t seed)
      : roles_(book, root), seed_(seed) {
    names_ = roles_.names();
    if (roles_.has_silent_summaries())
      notes_ = {"the calls that write a summary when a context is compacted are not simulated"};
  }

  SessionPlan plan(size_t index) const override {
    RoleSession session(roles_, seed_, index);
    PendingAgent root;
    root.role = roles_.draw_root(session.random);
    session.pending.push_back(root);
    session.role_of.push_back(root.role);
    while (!session.pending.empty()) {
      const PendingAgent next = session.pending.front();
      session.pending.pop_front();
      RoleAgent(session, next).draw();
    }
    if (!session.messages.empty()) add_messages(session);
    return std::move(session.plan);
  }

 private:
  RoleSet roles_;
  uint64_t seed_;
};

class RoleOptions : public Described<RoleOptions, SourceOptions> {
 public:
  template <class V>
  void parameters(V& v) {
    v.value("file", book_, "roles: a file, a name under scenarios/roles, or a map", config::Need::required);
    v.field("root", root_, "role of a session's root agent, or one of the file's mixes",
            config::Need::required);
  }
  std::unique_ptr<SessionSource> open(uint64_t seed) const override {
    return std::make_unique<RoleSessions>(book_, root_, seed);
  }

 private:
  RoleBook book_;
  std::string root_;
};

const Sources::Entry entry("roles", "sessions drawn from descriptions of roles",
                           [] { return std::make_unique<RoleOptions>(); });

}  // namespace
}  // namespace agentsim::workload
