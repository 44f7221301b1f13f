import { describe, expect, it } from 'vitest'
import type { FleetCommand } from '../../../shared/fleet/commandView.schema.ts'
import { canary, countsForLockout, escalate, freeSlots, lockout } from './policy.ts'

const states = (counts: Partial<Record<FleetCommand['state'], number>>): FleetCommand['state'][] => Object.entries(counts).flatMap(([state, count]) => Array.from({ length: count }, () => state as FleetCommand['state']))
const rebootAt = (second: number, state: FleetCommand['state'] = 'completed'): Pick<FleetCommand, 'action' | 'state' | 'issuedAtMs' | 'sentAtMs'> => ({ action: 'reboot_host', state, issuedAtMs: second * 1000, sentAtMs: second * 1000 })

describe('the policy of fleet commands', () => {
  it('4.16 reboots at 0, 300, 600 s and a 4th at 899 s / 900 s: blocked / allowed', () => {
    const history = [rebootAt(0), rebootAt(300, 'timed_out'), rebootAt(600, 'published')]
    expect(lockout(history, 899_000)).toEqual({ used: 3, most: 3, retryAfterS: 1 })
    expect(lockout(history, 899_999)).toMatchObject({ retryAfterS: 1 })
    expect(lockout(history, 900_000)).toEqual({ used: 2, most: 3 })
    expect(lockout([...history, rebootAt(650)], 700_000)).toMatchObject({ used: 4, retryAfterS: 500 })
  })

  it('4.16 blocked, canceled and never handed over do not count; handed over counts, whatever became of it', () => {
    expect(countsForLockout(rebootAt(0, 'blocked'))).toBe(false)
    expect(countsForLockout(rebootAt(0, 'canceled'))).toBe(false)
    expect(countsForLockout({ ...rebootAt(0, 'expired'), sentAtMs: undefined })).toBe(false)
    expect(countsForLockout(rebootAt(0, 'expired'))).toBe(true)
    expect(countsForLockout({ ...rebootAt(0), action: 'shutdown_host' })).toBe(false)
  })

  it('4.19 escalation requests 59 s / 60 s apart: refused / allowed; a client without PoE: manual', () => {
    const facts = { action: 'reboot_host', isSilent: true, hasPoe: true, powerCycleAllowed: true, lastStepAtMs: 0, lastStep: 'command' } as const
    expect(escalate(facts, 59_000)).toMatchObject({ step: 'none', retryAfterS: 1 })
    expect(escalate(facts, 60_000)).toMatchObject({ step: 'power_cycle' })
    expect(escalate({ ...facts, hasPoe: false }, 60_000)).toMatchObject({ step: 'manual' })
    expect(escalate({ ...facts, powerCycleAllowed: false }, 60_000)).toMatchObject({ step: 'manual' })
    expect(escalate({ ...facts, lastStep: 'power_cycle' }, 60_000)).toMatchObject({ step: 'manual' })
    expect(escalate({ ...facts, isSilent: false }, 60_000)).toMatchObject({ step: 'none' })
    expect(escalate({ ...facts, action: 'shutdown_host' }, 60_000)).toMatchObject({ step: 'none' })
  })

  it('4.20 19 ok and 1 failed: no trigger; 37 ok, 1 failed, 1 timed out: trigger; 1 ok and 1 expired: no trigger', () => {
    expect(canary(states({ completed: 19, failed: 1 }))).toMatchObject({ ratio: 0.05, isTriggered: false })
    expect(canary(states({ completed: 37, failed: 1, timed_out: 1 }))).toMatchObject({ ended: 39, bad: 2, isTriggered: true })
    expect(canary(states({ completed: 1, expired: 1 }))).toMatchObject({ ended: 1, isTriggered: false })
    expect(canary(states({ blocked: 3, canceled: 2, published: 5 }))).toMatchObject({ ended: 0, ratio: 0, isTriggered: false })
  })

  it('at most ten of a group are under way', () => {
    expect(freeSlots(states({ completed: 30, published: 4, awaiting_reconnect: 5 }))).toBe(1)
    expect(freeSlots(states({ queued: 12 }))).toBe(0)
  })
})
