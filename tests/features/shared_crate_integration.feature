# SPDX-License-Identifier: GPL-3.0-or-later
Feature: What is checked of names
  The founding crate had its input checked by another; the library does it itself, by the same rules.

  Background:
    Given a worker with 64 MiB of VRAM
    And a model of 3 tensors of 100 KiB each

  @IV-003 @VR-005
  Scenario: A name with characters that are not allowed
    When the model is sealed as "shard@1;rm"
    Then it fails with InvalidInput
    And the failure says "shard_id"

  @IV-003
  Scenario: A name that is too long
    When the model is sealed under a name of 257 characters
    Then it fails with InvalidInput
    When the model is sealed under a name of 256 characters
    Then it succeeds

  @IV-005
  Scenario: A NUL does not cut a name short
    When the model is sealed under a name with a NUL
    Then it fails with InvalidInput

  @IV-004
  Scenario: A digest that is not one
    When the model is sealed with the expected digest "xyz"
    Then it fails with InvalidInput

  @IV-002
  Scenario: A device that does not exist
    When the model is sealed on device 7
    Then it fails with InvalidInput
    And nothing is sealed
