// SPDX-License-Identifier: Apache-2.0
#include "bitstream/stream.h"

#include <utility>

namespace runx::bitstream {
namespace {

using base::Bytes;
using base::Result;
using base::Status;

constexpr std::uint32_t sync_word = 0xAA995566;
constexpr std::uint32_t swapped_sync_word = 0x665599AA;

enum Register : std::uint32_t { far = 1, fdri = 2, cmd = 4, ctl0 = 5, mfwr = 10, idcode = 12, bout = 30 };
enum Command : std::uint32_t { desync = 0x0D, iprog = 0x0F };
constexpr std::uint32_t ctl0_dec = 1U << 6;

// More addresses than a device has frames (a full bitstream of a large Zynq UltraScale+ is some tens of megabytes,
// about 10^5 frames): a stream that names more was made to eat memory.
constexpr std::size_t most_runs = std::size_t{1} << 18;

bool is_dummy(std::uint32_t word) {
  return word == 0xFFFFFFFF || word == 0 || word == 0x20000000 || word == 0x000000BB || word == 0x11220044;
}

// Where the first sync word is, if nothing but dummy words of the same order is in front of it.
struct Start {
  std::size_t at = 0;
  bool swapped = false;
};
std::optional<Start> find_start(Bytes data) {
  bool big = true;
  bool little = true;
  for (std::size_t at = 0; base::inside(data.size(), at, 4); at += 4) {
    const auto word = base::be32(data, at);
    if (word == sync_word && big) return Start{at, false};
    if (word == swapped_sync_word && little) return Start{at, true};
    big = big && is_dummy(word);
    little = little && is_dummy(base::le32(data, at));
    if (!big && !little) return std::nullopt;
  }
  return std::nullopt;
}

// 7 series and UltraScale, by the family field of the IDCODE (bits 27:21): their frames are not ours.
const char* other_family(std::uint32_t code) {
  switch (code >> 21) {
    case 0x1B:
      return "7 series";
    case 0x1C:
      return "UltraScale";
    default:
      return nullptr;
  }
}

class Reader {
 public:
  Reader(Bytes data, const std::string& name, const Parts& table, Start start)
      : data_(data), name_(name), table_(table), at_(start.at) {
    out_.byte_swapped = start.swapped;
  }

  Result<ConfigStream> read() {
    bool synced = false;
    while (at_ < data_.size() && !out_.encrypted) {
      if (!base::inside(data_.size(), at_, 4)) {
        return bad("ends with ", data_.size() - at_, " bytes that are no whole word: it is truncated");
      }
      const auto word = word_at(at_);
      if (synced) {
        const auto more = packet(word);
        if (!more) return tl::unexpected(more.error());
        synced = *more;
      } else if (word == sync_word) {
        synced = true;
        address_.reset();  // each passage names its own addresses
        at_ += 4;
      } else if (is_dummy(word)) {
        at_ += 4;
      } else {
        return bad("has the word ", base::hex(word, 8), " at offset ", at_, ", outside of every sync … DESYNC passage");
      }
    }
    if (synced && !out_.encrypted) return bad("ends without DESYNC: it is truncated");
    if (auto done = end_run(); !done) return tl::unexpected(done.error());
    out_.footprint = normalized(std::move(runs_));
    return std::move(out_);
  }

 private:
  template <class... Parts>
  tl::unexpected<base::Error> bad(const Parts&... parts) const {
    return base::fail(std::errc::invalid_argument, "the configuration stream of ", name_, " ", parts...);
  }

  std::uint32_t word_at(std::size_t at) const {
    return out_.byte_swapped ? base::le32(data_, at) : base::be32(data_, at);
  }

  // Reads one packet; false when it was DESYNC.
  Result<bool> packet(std::uint32_t header) {
    const std::size_t here = at_;
    const std::uint32_t type = header >> 29;
    const std::uint32_t opcode = (header >> 27) & 3;
    if (type == 1 && opcode == 0 && (header & 0x7FF) == 0) {  // NOP
      long_write_ = false;
      at_ += 4;
      return true;
    }
    if (type != 1 && type != 2)
      return bad("has the word ", base::hex(header, 8), " at offset ", here, ", which is no packet");
    if (opcode != 2) return bad("has a packet at offset ", here, " that is no write (", base::hex(header, 8), ")");
    if (type == 2 && !long_write_) {
      return bad("has a type 2 packet at offset ", here, " that does not follow an empty write to FDRI");
    }
    const std::uint32_t reg = type == 2 ? Register::fdri : (header >> 13) & 0x1F;
    const std::uint32_t words = type == 2 ? header & 0x07FFFFFF : header & 0x7FF;
    if (!base::inside(data_.size(), here + 4, std::uint64_t{words} * 4)) {
      return bad("has a packet of ", words, " words at offset ", here, " that goes past its end: it is truncated");
    }
    long_write_ = type == 1 && reg == Register::fdri && words == 0;
    at_ = here + 4 + std::size_t{words} * 4;
    return write(reg, words, here);
  }

  // A write of `words` words, which begin at here + 4, to a register; false when it was the command DESYNC.
  Result<bool> write(std::uint32_t reg, std::uint32_t words, std::size_t here) {
    switch (reg) {
      case Register::fdri:
        return frames(words, here);
      case Register::mfwr:
        return repeat(words, here);
      case Register::bout:
        return bad("carries a stream for another die (register BOUT at offset ", here, ")");
      case Register::far:
      case Register::cmd:
      case Register::ctl0:
      case Register::idcode:
        break;
      default:
        return true;
    }
    if (words != 1) return bad("writes ", words, " words to register ", reg, " at offset ", here, ", which holds one");
    const auto value = word_at(here + 4);
    if (reg == Register::far) {
      if (auto done = end_run(); !done) return tl::unexpected(done.error());
      address_ = FrameAddress{value};
      return true;
    }
    if (reg == Register::ctl0) {
      out_.encrypted = (value & ctl0_dec) != 0;
      return true;
    }
    if (reg == Register::idcode) return device(value & idcode_mask, here);
    if (value == Command::iprog) return bad("restarts the device (command IPROG at offset ", here, ")");
    if (value != Command::desync) return true;
    if (auto done = end_run(); !done) return tl::unexpected(done.error());
    return false;
  }

  Result<bool> device(std::uint32_t code, std::size_t here) {
    if (const auto* part = table_.find(code);
        part != nullptr && part->frame_words != 0 && part->frame_words != frame_words) {
      return bad("is for the device ", part->name, " (idcode ", base::hex(code, 8), "), whose frames have ",
                 part->frame_words, " words; only UltraScale+ (", frame_words, " words) is read");
    }
    if (const char* family = other_family(code)) {
      return bad("is for a ", family, " device (idcode ", base::hex(code, 8), "); only UltraScale+ is read");
    }
    if (out_.idcode && *out_.idcode != code) {
      return bad("names two devices: idcode ", base::hex(*out_.idcode, 8), " and, at offset ", here, ", ",
                 base::hex(code, 8));
    }
    out_.idcode = code;
    return true;
  }

  Status may_write_frames(std::size_t here) const {
    if (!out_.idcode) return bad("writes frames at offset ", here, " before it names a device (IDCODE)");
    if (!address_) return bad("writes frames at offset ", here, " before it names a frame address (FAR)");
    if (address_->has_reserved_bits()) {
      return bad("writes frames at offset ", here, " to ", base::hex(address_->value, 8),
                 ", which is no frame address");
    }
    return {};
  }

  // Writes that follow each other without a new address are one run: the device goes on counting. Where a command
  // between them made it start again, the run covers that as well.
  Result<bool> frames(std::uint32_t words, std::size_t here) {
    if (words == 0) return true;
    if (auto may = may_write_frames(here); !may) return tl::unexpected(may.error());
    run_words_ += words;
    return true;
  }

  // MFWR puts the last frame at the address in force. UG570 does not say that the address then counts on, nor
  // that it does not: the run grows by one frame, which covers both.
  Result<bool> repeat(std::uint32_t words, std::size_t here) {
    if (words == 0) return true;
    if (auto may = may_write_frames(here); !may) return tl::unexpected(may.error());
    ++run_repeats_;
    return true;
  }

  Status end_run() {
    if (run_words_ == 0 && run_repeats_ == 0) return {};
    if (run_words_ % frame_words != 0) {
      return bad("writes ", run_words_, " words from ", base::hex(address_->value, 8),
                 ", which are no whole frames of ", frame_words, " words");
    }
    const auto written = static_cast<std::uint32_t>(run_words_ / frame_words);
    runs_.push_back({*address_, written + run_repeats_, written, run_repeats_});
    out_.frames += written;
    out_.repeats += run_repeats_;
    run_words_ = 0;
    run_repeats_ = 0;
    if (runs_.size() < 2 * most_runs) return {};
    runs_ = normalized(std::move(runs_));
    if (runs_.size() > most_runs)
      return bad("names more than ", most_runs, " frame addresses: no device has as many frames");
    return {};
  }

  Bytes data_;
  const std::string& name_;
  const Parts& table_;
  std::size_t at_;
  ConfigStream out_;
  bool long_write_ = false;  // the last packet was an empty write to FDRI, which a type 2 packet fills
  std::optional<FrameAddress> address_;
  std::uint64_t run_words_ = 0;
  std::uint32_t run_repeats_ = 0;
  std::vector<FrameRun> runs_;
};

}  // namespace

bool begins_like_stream(Bytes data) { return find_start(data).has_value(); }

Result<ConfigStream> read_stream(Bytes data, const std::string& name, const Parts& table) {
  const auto start = find_start(data);
  if (!start) {
    return base::fail(std::errc::invalid_argument, name,
                      " does not begin like a configuration stream: no sync word (AA995566) behind dummy words");
  }
  return Reader(data, name, table, *start).read();
}

}  // namespace runx::bitstream
