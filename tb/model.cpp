// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <utility>

#include "machine/error.h"
#include "machine/machine_difference.h"

namespace vm {
namespace {

// Keeps the shared object mapped for as long as its model lives.
class LoadedModel final : public Model {
 public:
  LoadedModel(std::shared_ptr<void> library, std::unique_ptr<Model> model)
      : library_(std::move(library)), model_(std::move(model)) {}

  Inputs& inputs() override { return model_->inputs(); }
  const Outputs& outputs() const override { return model_->outputs(); }
  void settle() override { model_->settle(); }
  void tick() override { model_->tick(); }
  std::span<Event> events() override { return model_->events(); }
  void set_event_sink(bool on) override { model_->set_event_sink(on); }
  std::span<const std::string> failed_assertions() const override { return model_->failed_assertions(); }
  void open_waves(const std::filesystem::path& file) override { model_->open_waves(file); }
  void close_waves() override { model_->close_waves(); }
  Machine elaborated() const override { return model_->elaborated(); }

 private:
  std::shared_ptr<void> library_;  // declared first: unmapped last
  std::unique_ptr<Model> model_;
};

}  // namespace

std::unique_ptr<Model> open_model(const Machine& machine, const std::filesystem::path& shared_object,
                                  std::uint64_t seed) {
  std::shared_ptr<void> library(dlopen(std::filesystem::absolute(shared_object).c_str(), RTLD_NOW | RTLD_LOCAL),
                                [](void* handle) {
                                  if (handle != nullptr) dlclose(handle);
                                });
  if (library == nullptr) {
    const char* why = dlerror();
    throw InputError(fmt::format("{}: cannot load the model of machine {} ({}); build it with `make`",
                                 shared_object.string(), machine.name, why != nullptr ? why : "unknown reason"));
  }
  using Create = Model* (*)(std::uint64_t);
  // dlsym returns an object pointer; this is the conversion POSIX asks for.
  const auto create = reinterpret_cast<Create>(dlsym(library.get(), "vm_create_model"));
  if (create == nullptr) {
    throw InputError(fmt::format("{}: is not the model of a machine (no vm_create_model)", shared_object.string()));
  }
  auto model = std::make_unique<LoadedModel>(library, std::unique_ptr<Model>(create(seed)));
  if (const std::string what = difference(model->elaborated(), machine); !what.empty()) {
    throw InputError(fmt::format("{}: was elaborated for a machine that differs from {}: {}", shared_object.string(),
                                 machine.name, what));
  }
  return model;
}

}  // namespace vm
