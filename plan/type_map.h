// SPDX-License-Identifier: Apache-2.0
#pragma once

// One value of each type: what a kind of resources keeps in a structure that does not know it by name.

#include <any>
#include <map>
#include <typeindex>

namespace runx::plan {

class TypeMap {
 public:
  template <class T>
  T& of() {
    auto& entry = values_[typeid(T)];
    if (!entry.has_value()) entry = T{};
    return std::any_cast<T&>(entry);
  }
  // An empty value where none was put.
  template <class T>
  const T& of() const {
    static const T nothing{};
    const auto found = values_.find(typeid(T));
    return found == values_.end() ? nothing : std::any_cast<const T&>(found->second);
  }

 private:
  std::map<std::type_index, std::any> values_;
};

}  // namespace runx::plan
