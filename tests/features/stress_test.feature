# SPDX-License-Identifier: GPL-3.0-or-later
Feature: Much, and often
  What was done a thousand times leaves what doing it once leaves.

  @RP-001 @RP-005
  Scenario: Models come and go
    Given a worker with 64 MiB of VRAM
    When 300 models are sealed, verified and ended, 10 of them at a time
    Then it succeeds
    And nothing is sealed
    And no host memory is the mock's

  @VP-004
  Scenario: Seals are made until the VRAM is exhausted, again and again
    Given a worker with 16 MiB of VRAM
    When the VRAM is filled with models of 1024 KiB and emptied 5 times
    Then each time 16 models were sealed
    And nothing is sealed
