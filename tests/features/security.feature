# SPDX-License-Identifier: GPL-3.0-or-later
Feature: Nobody passes for somebody else
  Who has not got the token cannot make a seal, and who changes memory is found.

  Background:
    Given a worker with 64 MiB of VRAM
    And a model of 3 tensors of 100 KiB each

  @CI-006 @WORKER-4152
  Scenario: A token that others can read is refused
    When a worker starts with a token file that everybody can read
    Then it fails with InvalidInput
    And the failure says nothing of the token

  @CI-005
  Scenario: The same token and the same bytes, and still another session
    Given the model is sealed as "shard-1"
    When the receipt is presented to another worker with the same token
    Then it fails with Stale

  @VR-004
  Scenario: Tensors whose bytes were exchanged are both found
    Given the model is sealed as "shard-1"
    When the bytes of "t0" and "t2" are exchanged
    And the seal is verified
    Then it fails with Damaged
    And 2 tensors are damaged

  @VR-004
  Scenario Outline: A bit anywhere in the receipt decides
    Given the model is sealed as "shard-1"
    When bit <bit> of the receipt is changed and it is presented
    Then it fails with Tampering

    Examples:
      | bit  |
      | 0    |
      | 129  |
      | 1000 |
      | 2047 |

  Scenario: A child process does not speak for its parent
    Given the model is sealed as "shard-1"
    When a forked child verifies the seal
    Then the child is told Forked
    When the seal is verified
    Then it succeeds
