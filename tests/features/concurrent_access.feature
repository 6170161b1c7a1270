# SPDX-License-Identifier: GPL-3.0-or-later
Feature: Many threads
  A worker's requests come at once.

  @VR-008
  Scenario: Ten models are sealed at once
    Given a worker with 100 MiB of VRAM
    When 10 models are sealed at once
    Then all of them succeed
    And 10 seals are good

  @VR-008
  Scenario: One seal is verified by eight threads at once
    Given a worker with 64 MiB of VRAM
    And a model of 3 tensors of 100 KiB each
    And the model is sealed as "shard-1"
    When 8 threads verify the seal at once
    Then all of them succeed

  @WORKER-4122
  Scenario: Whoever verifies damage at the same time, one incident is told
    Given a worker with 64 MiB of VRAM
    And a model of 3 tensors of 100 KiB each
    And the model is sealed as "shard-1"
    When bit 1 of tensor "t0" flips at offset 5
    And 8 threads verify the seal at once
    Then none of them succeeds
    And 1 incident is told
