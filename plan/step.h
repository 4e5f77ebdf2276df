// SPDX-License-Identifier: Apache-2.0
#pragma once

// One thing that a plan takes of the machine: a value of its kind (kind.h). The planner makes it, people and programs
// read it, the runtime acts on it, and what the journal remembers of it is enough to give back what it took.

#include <any>
#include <utility>

namespace runx::plan {

class Kind;

class Step {
 public:
  template <class Value>
  Step(const Kind& kind, Value value) : kind_(&kind), value_(std::move(value)) {}

  const Kind& kind() const { return *kind_; }

  // The value, whose type is the kind's: another one is a broken invariant.
  template <class Value>
  const Value& as() const {
    return std::any_cast<const Value&>(value_);
  }
  // Nothing when the step is of another kind.
  template <class Value>
  const Value* is() const {
    return std::any_cast<Value>(&value_);
  }
  template <class Value>
  Value* is() {
    return std::any_cast<Value>(&value_);
  }

 private:
  const Kind* kind_;
  std::any value_;
};

}  // namespace runx::plan
