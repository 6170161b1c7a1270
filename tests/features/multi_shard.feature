# SPDX-License-Identifier: GPL-3.0-or-later
Feature: A model on several devices
  A tensor-parallel model is good when each of its parts is, and when it is all of it.

  Background:
    Given a worker on 2 devices of 64 MiB of VRAM
    And the parts of a model are sealed on 2 devices

  @WORKER-4110
  Scenario: A complete set is verified
    When the set is verified
    Then it succeeds

  Scenario: A part is missing
    When the set is verified without part 1
    Then it fails with InvalidInput

  Scenario: A part is there twice
    When the set is verified with part 0 twice
    Then it fails with InvalidInput

  @WORKER-4122 @VR-004
  Scenario: A damaged part is named, and the other one stays good
    When a bit of part 1 flips
    And the set is verified
    Then it fails with Damaged
    And the failure says "seal 1"
    When part 0 is verified
    Then it succeeds

  @WORKER-4151
  Scenario: A device is lost, which is no tampering
    When device 1 is lost
    And the set is verified
    Then it fails with DeviceLost
    And it is no Tampering
    When part 0 is verified
    Then it succeeds
