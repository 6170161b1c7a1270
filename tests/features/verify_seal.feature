# SPDX-License-Identifier: GPL-3.0-or-later
Feature: Verifying a seal
  Before each use the worker knows that the weights are those that were sealed, or does not use them.

  Background:
    Given a worker with 64 MiB of VRAM
    And a model of 3 tensors of 100 KiB each
    And the model is sealed as "shard-1"

  @WORKER-4121 @CI-007
  Scenario: What was not touched passes
    When the seal is verified
    Then it succeeds
    And every block was hashed
    And the audit log has the event "seal_verified"

  @VR-004 @WORKER-4161
  Scenario Outline: One flipped bit is found and named
    When bit <bit> of tensor "<tensor>" flips at offset <offset>
    And the seal is verified
    Then it fails with Damaged
    And the failure names the tensor "<tensor>" and the block at <block>
    And the audit log has the event "seal_verification_failed"

    Examples:
      | tensor | offset | bit | block  |
      | t0     | 0      | 0   | 0      |
      | t1     | 4096   | 7   | 4096   |
      | t2     | 102399 | 3   | 98304  |

  @WORKER-4122
  Scenario: What failed once stays refused
    Given bit 1 of tensor "t0" flips at offset 5
    And the seal is verified
    When bit 1 of tensor "t0" flips at offset 5
    And the seal is verified
    Then it fails with Quarantined

  @WORKER-4122
  Scenario: One bad model does not stop the others, unless policy says so
    Given another model is sealed as "shard-2"
    When bit 1 of tensor "t0" flips at offset 5
    And the seal is verified
    And the other seal is verified
    Then it succeeds

  @WORKER-4121
  Scenario: Nobody computes with damaged weights
    When bit 1 of tensor "t0" flips at offset 5
    And the worker asks to use the model
    Then it fails with Damaged
    And no lease is held

  @WORKER-4120 @VR-002 @CI-001
  Scenario: A receipt is genuine, or is not believed
    When the receipt is presented
    Then it succeeds
    When the receipt is presented with one bit changed
    Then it fails with Forged
    When the receipt is presented to a worker with another token
    Then it fails with Forged

  Scenario: A receipt of a seal that has ended is stale
    When the seal ends
    And the receipt is presented
    Then it fails with Stale

  Scenario: New weights are another epoch, and damage elsewhere is found
    When tensor "t1" is updated
    Then it succeeds
    And the seal is of epoch 1
    When tensor "t1" is updated while "t2" is changed unsaid
    Then it fails with Damaged
    And the failure names the tensor "t2"

  @WORKER-4032
  Scenario: Trouble with the device is neither success nor tampering
    Given the next hash of the device fails
    When the seal is verified
    Then it fails with Machine
    And it is no Tampering
    When the seal is verified
    Then it succeeds
