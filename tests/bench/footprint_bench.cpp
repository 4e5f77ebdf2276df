// SPDX-License-Identifier: Apache-2.0
// footprint_bench: how fast the footprint of a stream is found, beside reading the same bytes once. Asserts 1 GB/s, or
// the speed of that plain read where memory is slower. The best of twenty rounds counts.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "bitstream/stream.h"
#include "tests/fake/bitstream.h"

namespace {

using runx::fake::StreamWriter;

enum Register : std::uint32_t { far = 1, fdri = 2, mfwr = 10, idcode = 12 };
constexpr double promised = 1e9;  // bytes a second

std::string stream_of(const std::function<void(StreamWriter&)>& body) {
  StreamWriter out;
  out.lead_in();
  out.write(Register::idcode, {0x04A49093});
  body(out);
  out.desync();
  return out.bytes();
}

std::vector<std::uint32_t> frames(std::size_t count) { return std::vector<std::uint32_t>(count * 93, 0x12345678); }

double best_seconds(const std::function<void()>& work) {
  double best = 1e9;
  for (int round = 0; round < 20; ++round) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

volatile std::uint64_t sink;

void read_plainly(const std::string& bytes) {
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    sum += word;
  }
  sink = sum;
}

bool fast_enough(const char* what, const std::string& bytes) {
  const auto view = runx::base::bytes_of(bytes);
  std::size_t runs = 0;
  const double mine = best_seconds([&] {
    const auto stream = runx::bitstream::read_stream(view, what);
    if (!stream) {
      std::fprintf(stderr, "%s\n", stream.error().what.c_str());
      std::exit(1);
    }
    runs = stream->footprint.size();
  });
  const double plain = best_seconds([&] { read_plainly(bytes); });
  const auto size = static_cast<double>(bytes.size());
  const double speed = size / mine;
  const bool fine = speed >= std::min(promised, size / plain);
  std::printf("%-28s %8.1f MB, %6zu runs: %8.3f ms, %8.1f GB/s; a plain read: %6.3f ms, %5.1f GB/s; ratio %.3f%s\n",
              what, size / 1e6, runs, mine * 1e3, speed / 1e9, plain * 1e3, size / plain / 1e9, mine / plain,
              fine ? "" : "  FAILED");
  return fine;
}

}  // namespace

int main() {
  bool fine = fast_enough("one long write", stream_of([](StreamWriter& out) {
                            out.write(Register::far, {0});
                            out.write_long(Register::fdri, frames(70'000));
                          }));
  fine &= fast_enough("a write for every two frames", stream_of([](StreamWriter& out) {
                        const auto two = frames(2);
                        for (std::uint32_t i = 0; i < 35'000; ++i) {
                          out.write(Register::far, {i << 8});
                          out.write(Register::fdri, two);
                        }
                      }));
  // As the full bitstream of a KR260 in the facts: 20,324 repeats, each with its address and 14 words behind MFWR.
  fine &= fast_enough("compressed", stream_of([](StreamWriter& out) {
                        out.write(Register::far, {0});
                        out.write_long(Register::fdri, frames(20'000));
                        for (std::uint32_t i = 1; i <= 20'324; ++i) {
                          out.write(Register::far, {i << 3});
                          out.write(Register::mfwr, std::vector<std::uint32_t>(14));
                        }
                      }));
  return fine ? 0 : 1;
}
