# SPDX-License-Identifier: GPL-3.0-or-later
Feature: Trouble passes
  Whatever fails, nothing is left behind and the next attempt is as good as the first.

  Background:
    Given a worker with 64 MiB of VRAM
    And a model of 3 tensors of 100 KiB each

  @WORKER-4150 @WORKER-4032 @MS-004
  Scenario Outline: A device fails while a model is sealed
    Given the next <operation> of the device fails
    When the model is sealed as "shard-1"
    Then it fails with Machine
    And nothing is sealed
    When the model is sealed as "shard-1"
    Then it succeeds

    Examples:
      | operation     |
      | device_open   |
      | mem_adopt     |
      | mem_residency |
      | lane_open     |
      | hash_blocks   |
      | lane_wait     |

  Scenario: A trainer fails in the middle of an update
    Given the model is sealed as "shard-1"
    When the trainer fails while it updates "t1"
    Then the seal is suspended
    When the seal is verified
    Then it fails with Suspended
    When the update is finished
    And the seal is verified
    Then it succeeds
    And the seal is of epoch 1

  Scenario: Weights that were lost are loaded again
    Given the model is sealed as "shard-1"
    When bit 3 of tensor "t2" flips at offset 77
    And the seal is verified
    Then it fails with Damaged
    When "t2" is loaded again
    And the seal is verified
    Then it succeeds
    And the seal is of epoch 0
