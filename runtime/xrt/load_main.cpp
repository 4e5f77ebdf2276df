// SPDX-License-Identifier: Apache-2.0

// usage: xrt-load FILE UUID DIRECTORY
//
// Loads the xclbin FILE into the device through XRT, and sees to it that the device says UUID (32 digits) then. It is
// a program of its own because XRT ends the process over bad input (fpga/xrt.h says when): the runtime lives on and
// says what happened. It stays small and of the C library's functions, since XRT brings a C++ library of its own.
//
// DIRECTORY is the runtime's own and gets the link `lib` to where XRT's libraries are: XRT looks for its driver below
// $XILINX_XRT/lib, and packages that put it into a multiarch directory have no such place.
//
// Exit status 0: loaded. 1: not, with a sentence as the last line of the standard error (XRT writes there too), and
// "errno N" on the standard output where there is one.

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <dlfcn.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

// The C functions of xrt/xrt_device.h. Both releases of Debian have the SONAME, and what is C++ in it differs.
constexpr const char* library = "libxrt_coreutil.so.2";
using Device = void*;
using Uuid = unsigned char[16];
using DeviceOpen = Device (*)(unsigned int index);
using DeviceLoad = int (*)(Device device, const char* file);
using DeviceUuid = int (*)(Device device, unsigned char* uuid);
using DeviceClose = int (*)(Device device);

constexpr int largest_errno = 133;

[[noreturn]] void fail(int error, const std::string& sentence) {
  if (error > 0 && error <= largest_errno) std::printf("errno %d\n", error);
  std::fprintf(stderr, "xrt-load: %s%s%s\n", sentence.c_str(), error > 0 ? ": " : "",
               error > 0 ? std::strerror(error) : "");
  std::fflush(nullptr);
  ::_exit(1);
}

// The link `lib`, made anew and put in place in one step: two may be doing it at the same time.
void link_libraries(void* loaded, const std::string& directory) {
  const link_map* map = nullptr;
  if (::dlinfo(loaded, RTLD_DI_LINKMAP, &map) != 0) fail(0, "it is not known where the library was found");
  const std::string path = map->l_name;
  const auto place = path.substr(0, path.rfind('/'));
  const auto link = directory + "/lib." + std::to_string(::getpid());
  ::unlink(link.c_str());
  if (::symlink(place.c_str(), link.c_str()) != 0) fail(errno, "cannot make the link " + link);
  if (::rename(link.c_str(), (directory + "/lib").c_str()) != 0)
    fail(errno, "cannot make the link " + directory + "/lib");
}

template <class Function>
Function function(void* loaded, const char* name) {
  void* found = ::dlsym(loaded, name);
  if (found == nullptr) fail(ENOSYS, std::string(library) + " has no " + name);
  return reinterpret_cast<Function>(found);
}

std::string digits(const Uuid& uuid) {
  std::string out;
  for (const unsigned char byte : uuid) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

// What a function returned, as an errno: it is 0, the errno (with or without a minus), or -1 with `errno` set or not.
int errno_of(int returned) {
  const int size = returned < 0 ? -returned : returned;
  if (returned != -1 && size <= largest_errno) return size;
  return errno != 0 ? errno : EIO;
}

void load(const char* file, const std::string& uuid, const std::string& directory) {
  void* loaded = ::dlopen(library, RTLD_NOW);
  if (loaded == nullptr) fail(ENOENT, std::string("cannot load ") + library + ", is XRT installed? " + ::dlerror());
  link_libraries(loaded, directory);
  if (::setenv("XILINX_XRT", directory.c_str(), 1) != 0) fail(errno, "cannot set XILINX_XRT");

  errno = 0;
  Device device = function<DeviceOpen>(loaded, "xrtDeviceOpen")(0);
  if (device == nullptr) fail(errno != 0 ? errno : ENODEV, "cannot open device 0");
  // zocl loads no file whose uuid it has already, and says that all is well; but the manager may have loaded something
  // else since, and a uuid is what the file's maker likes. So there must be another one before.
  Uuid before{};
  if (function<DeviceUuid>(loaded, "xrtDeviceGetXclbinUUID")(device, before) == 0 && digits(before) == uuid) {
    fail(EEXIST,
         "XRT has loaded a file with uuid " + uuid + " before and would skip this one: link it anew, or restart");
  }
  errno = 0;
  if (const int result = function<DeviceLoad>(loaded, "xrtDeviceLoadXclbinFile")(device, file)) {
    fail(errno_of(result), "the device did not take the file");
  }
  Uuid held{};
  errno = 0;
  if (const int result = function<DeviceUuid>(loaded, "xrtDeviceGetXclbinUUID")(device, held)) {
    fail(errno_of(result), "the device does not say what it holds");
  }
  if (digits(held) != uuid) fail(EIO, "XRT reports success, but the device holds " + digits(held) + " and not " + uuid);
  if (function<DeviceClose>(loaded, "xrtDeviceClose")(device) != 0)
    fail(0, "the file is loaded, the device not closed");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) fail(EINVAL, "usage: xrt-load FILE UUID DIRECTORY");
  // XRT reads xrt.ini, which can ask for much, from where it is started.
  if (::chdir("/") != 0) fail(errno, "cannot go to /");
  load(argv[1], argv[2], argv[3]);
  std::fflush(nullptr);
  ::_exit(0);  // without XRT's own ends of things, which have nothing to add
}
