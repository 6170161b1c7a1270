# SPDX-License-Identifier: GPL-3.0-or-later
Feature: VRAM only
  Weights that somebody else can move, read or change are not sealed; where that becomes so later, it is found.

  Background:
    Given a worker with 64 MiB of VRAM
    And a model of 3 tensors of 100 KiB each

  @WORKER-4100 @VP-006
  Scenario: The driver states where the weights are
    Given the model is sealed as "shard-1"
    When the policy is enforced
    Then it succeeds
    And a fact of the device is "simulated"

  @WORKER-4101 @VP-002 @VP-003 @VP-005
  Scenario Outline: Memory that is not VRAM alone is found after the seal
    Given the model is sealed as "shard-1"
    When the driver says that tensor "t1" is <fact>
    And the policy is enforced
    Then it fails with PolicyViolation
    And the audit log has the event "policy_violation"
    When another model is sealed as "shard-2"
    Then it fails with Stopped

    Examples:
      | fact        |
      | managed     |
      | host_mapped |
      | exportable  |

  @VP-005
  Scenario: Memory that is another allocation is noticed by the next verification
    Given the model is sealed as "shard-1"
    When the driver says that tensor "t1" is moved
    And the seal is verified
    Then it fails with Moved

  @VR-001
  Scenario: A simulated device is refused where policy does not allow it
    When a worker starts that does not allow simulated devices
    Then it fails with PolicyViolation

  @VP-001
  Scenario: Weights in host memory are refused
    When the model is sealed by a worker of a GPU, from host memory
    Then it fails with PolicyViolation
    And the failure names the tensor "t0"

  @RP-001 @VP-004
  Scenario: Models are sealed until the VRAM is full, and those that are stay good
    When models of 4096 KiB are sealed until one does not fit
    Then it fails with InsufficientVram
    And 16 seals are good

  @RP-005
  Scenario: What ends is recorded, and its room is free again
    Given the model is sealed as "shard-1"
    When the seal ends
    Then the audit log has the event "vram_released"
    And nothing is sealed
