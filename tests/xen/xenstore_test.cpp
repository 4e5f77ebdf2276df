// SPDX-License-Identifier: Apache-2.0
#include "xen/xenstore.h"

#include <chrono>
#include <optional>
#include <vector>

#include <poll.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fake/fake_host.h"
#include "tests/fake/fake_xenstore.h"

namespace runx::xen {
namespace {

using testing::HasSubstr;

class XenStoreTest : public testing::Test {
 protected:
  XenStore connect() {
    auto store = XenStore::connect(host_);
    EXPECT_TRUE(store) << store.error().what;
    return std::move(*store);
  }
  // The next event, waiting for it as a client would.
  static std::optional<XenStore::Event> wait(XenStore& store) {
    for (;;) {
      auto event = store.next_event();
      EXPECT_TRUE(event) << event.error().what;
      if (!event || *event) return event.value_or(std::nullopt);
      pollfd waiting{store.fd(), POLLIN, 0};
      if (::poll(&waiting, 1, 5000) == 0) return std::nullopt;
    }
  }

  fake::FakeHost host_;
  fake::FakeXenStore daemon_{host_.real("/run/xenstored/socket")};
};

TEST_F(XenStoreTest, ReadsWritesAndRemoves) {
  auto store = connect();
  ASSERT_TRUE(store.write("data/exit-status", "7"));
  EXPECT_EQ(daemon_.get("data/exit-status"), "7");
  EXPECT_EQ(store.read("data/exit-status").value_or("?"), "7");
  ASSERT_TRUE(store.write("data/exit-status", ""));
  EXPECT_EQ(store.read("data/exit-status").value_or("?"), "");
  ASSERT_TRUE(store.remove("data"));
  const auto gone = store.read("data/exit-status");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, std::errc::no_such_file_or_directory);
  EXPECT_EQ(gone.error().what, "xenstore data/exit-status: ENOENT");
  EXPECT_EQ(store.write("/forbidden/x", "y").error().code, std::errc::permission_denied);
}

TEST_F(XenStoreTest, ValuesAreBytes) {
  auto store = connect();
  const std::string value("a\0b\xff\n", 5);
  ASSERT_TRUE(store.write("/x", value));
  EXPECT_EQ(store.read("/x").value_or("?"), value);
}

TEST_F(XenStoreTest, TooMuchIsRefusedBeforeItIsSent) {
  auto store = connect();
  const auto done = store.write("/x", std::string(4095, 'x'));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, std::errc::argument_list_too_long);
  EXPECT_TRUE(store.write("/x", std::string(4093, 'x')));
}

TEST_F(XenStoreTest, AWatchSaysOneEventAtOnceAndOneForEachChange) {
  auto store = connect();
  ASSERT_TRUE(store.watch("/local/domain/3/data", "mine"));
  EXPECT_EQ(wait(store), (XenStore::Event{"/local/domain/3/data", "mine"}));
  daemon_.set("/local/domain/3/data/exit-status", "0");
  daemon_.set("/local/domain/33/data", "other");
  EXPECT_EQ(wait(store), (XenStore::Event{"/local/domain/3/data/exit-status", "mine"}));
  EXPECT_EQ(store.next_event().value_or(XenStore::Event{}), std::nullopt);
}

TEST_F(XenStoreTest, EventsBetweenAnswersAreKept) {
  auto store = connect();
  ASSERT_TRUE(store.watch("@releaseDomain", "release"));
  ASSERT_TRUE(store.watch("/x", "x"));
  for (int i = 0; i < 10; ++i) daemon_.fire("@releaseDomain");
  ASSERT_TRUE(store.write("/x", "1"));
  EXPECT_EQ(store.read("/x").value_or("?"), "1");
  std::vector<XenStore::Event> events;
  for (auto event = store.next_event(); event && *event; event = store.next_event()) events.push_back(**event);
  EXPECT_EQ(events, (std::vector<XenStore::Event>{{"@releaseDomain", "release"}, {"/x", "x"}}));
}

TEST_F(XenStoreTest, AFloodBelowOneWatchDoesNotDisplaceAnother) {
  auto store = connect();
  ASSERT_TRUE(store.watch("/flood", "flood"));
  ASSERT_TRUE(store.watch("@releaseDomain", "release"));
  while (store.next_event().value_or(std::nullopt)) {
  }
  // An answer comes behind all events so far, so that few are ever in the socket.
  for (int i = 0; i < 1000; ++i) {
    daemon_.set("/flood/" + std::to_string(i), "");
    if (i % 50 == 49) {
      ASSERT_TRUE(store.write("/x", "1"));
    }
  }
  daemon_.fire("@releaseDomain");
  ASSERT_TRUE(store.write("/x", "1"));
  bool released = false;
  std::size_t events = 0;
  for (auto event = store.next_event(); event && *event; event = store.next_event(), ++events)
    released = released || (*event)->token == "release";
  EXPECT_TRUE(released);
  EXPECT_LT(events, 1000U);
}

TEST_F(XenStoreTest, NonsenseEndsTheConnectionAndNothingElse) {
  for (const auto& bytes : {std::string("\x02\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff", 16),
                            std::string("\x0f\0\0\0\0\0\0\0\0\0\0\0\x03\0\0\0abc", 19)}) {
    auto store = connect();
    ASSERT_TRUE(store.write("/x", "1"));
    daemon_.send_raw(bytes);
    const auto value = store.read("/x");
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().code, std::errc::protocol_error);
  }
}

TEST_F(XenStoreTest, NoDaemonIsAnErrorThatNamesIt) {
  fake::FakeHost without;
  const auto store = XenStore::connect(without);
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().what, HasSubstr("xenstored: cannot connect to /run/xenstored/socket"));
}

}  // namespace
}  // namespace runx::xen
