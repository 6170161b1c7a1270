# SPDX-License-Identifier: GPL-3.0-or-later
Feature: Sealing a model
  What a process has loaded into VRAM is signed as it lies there, so that it can be recognised again.

  Background:
    Given a worker with 64 MiB of VRAM
    And a model of 3 tensors of 100 KiB each

  @WORKER-4112 @WORKER-4113 @CI-004
  Scenario: A model is sealed
    When the model is sealed as "shard-1"
    Then it succeeds
    And the seal is of 3 tensors and 307200 bytes
    And its digest is the SHA-256 of its manifest
    And each line of the manifest is the fs-verity digest of the tensor's bytes

  @WORKER-4160
  Scenario: Sealing is recorded
    When the model is sealed as "shard-1"
    Then the audit log has the event "vram_sealed"

  @WORKER-4111 @MS-001 @CI-006
  Scenario: Nothing that is shown of a seal has an address or a secret
    When the model is sealed as "shard-1"
    Then neither its description nor the audit log has an address or the token

  @IV-003 @VR-005
  Scenario Outline: A name that is not one is refused
    When the model is sealed as "<id>"
    Then it fails with InvalidInput
    And nothing is sealed

    Examples:
      | id      |
      | a/b     |
      | ../up   |
      | a b     |
      | naïve   |

  Scenario: One name is one seal
    Given the model is sealed as "shard-1"
    When the model is sealed as "shard-1"
    Then it fails with State

  @WORKER-4103 @WORKER-4153 @VP-004 @RP-004
  Scenario: A model that does not fit is refused
    Given a model of 2 tensors of 40960 KiB each
    When the model is sealed as "large"
    Then it fails with InsufficientVram
    And nothing is sealed

  @RP-003 @IV-001
  Scenario: A model that is larger than policy allows is refused
    Given the largest model allowed has 200 KiB
    When the model is sealed as "large"
    Then it fails with InvalidInput
    And nothing is sealed

  @CI-007
  Scenario: A model that is not the published one is not sealed
    Given the manifest of the model is published
    And tensor "t1" was changed before the seal
    When the model is sealed against the published manifest
    Then it fails with Unexpected
    And the failure names the tensor "t1"
    And nothing is sealed
