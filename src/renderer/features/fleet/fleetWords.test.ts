import { describe, expect, test } from 'vitest'
import type { FleetCommand } from '../../../shared/fleet/commandView.schema.ts'
import { freesIn, lifeOf, lockoutWords, presence, rowWords, tookWords, trackOf, troubleOf } from './fleetWords.ts'

const command = (more: Partial<FleetCommand>): FleetCommand => ({
  id: '5d1f8b4b-7e85-44fb-8f38-3f5d5da5e2e4', clientUuid: '9b8d1856-ff34-4864-a726-12de072d0f77', action: 'reboot_host', requestedBy: null, reason: null, issuedAt: '', expiresAt: '', expiresWallMs: 240_000, issuedAtMs: 0, expiresAtMs: 240_000,
  state: 'queued', times: { queued: 0 }, overdue: false, untimed: false, via: 'here', ...more,
})

describe('the life of a command in a row', () => {
  test('steps stand in the order of the life, the end comes last, and a step without a time is not made up', () => {
    const life = lifeOf(command({ state: 'completed', times: { completed: 41_000, awaiting_reconnect: 3_000, accepted: 2_000, queued: 0, published: 1_000 } }))
    expect(life.map(({ state, atMs }) => [state, atMs])).toEqual([['queued', 0], ['published', 1_000], ['accepted', 2_000], ['awaiting_reconnect', 3_000], ['completed', 41_000]])
    expect(life.filter(({ isNow }) => isNow).map(({ state }) => state)).toEqual(['completed'])
  })
  test('in a row each step has its place; one that did not happen leaves it empty, and what is under way says for how long', () => {
    const texts = (state: FleetCommand['state'], times: FleetCommand['times'], nowMs: number): readonly (string | undefined)[] => trackOf(command({ state, times }), nowMs).map(({ chip }) => chip?.text.replace(/^\d\d:\d\d:\d\d$/, 'a time'))
    expect(texts('completed', { queued: 0, published: 1_000, accepted: 1_200, execution_started: 3_000, awaiting_reconnect: 3_000, completed: 41_000 }, 99_000)).toEqual(['a time', '+1.0 s', '+0.2 s', '+1.8 s', 'a time'])
    expect(texts('timed_out', { queued: 0, published: 100, timed_out: 150_000 }, 200_000)).toEqual(['a time', '+0.1 s', undefined, undefined, 'a time'])
    expect(texts('awaiting_reconnect', { queued: 0, published: 100, accepted: 200, execution_started: 900, awaiting_reconnect: 900 }, 131_000).at(-1)).toBe('for 131 s')
    expect(trackOf(command({}), 5_000).map(({ chip }) => chip?.isNow ?? false)).toEqual([false, false, false, false, true])
    expect([tookWords(59_900), tookWords(239_000)]).toEqual(['+59.9 s', '+3 min'])
  })
  test('what stopped it or ended it is said, and a lockout counts down', () => {
    expect(rowWords(command({ state: 'blocked', blockedBy: 'lockout', retryAfterS: 600 }), 60_000)).toBe('lockout, free in 9 min')
    expect(rowWords(command({ state: 'blocked', blockedBy: 'canary' }), 0)).toBe('stopped by the canary')
    expect(rowWords(command({ state: 'failed', errorCode: 'helper_missing', errorMessage: 'no helper' }), 0)).toBe('helper_missing no helper')
    expect(rowWords(command({ state: 'awaiting_reconnect', overdue: true }), 0)).toContain('overdue')
    expect(rowWords(command({ state: 'completed', overdue: true }), 0)).toBe('')
    expect(rowWords(command({ state: 'completed', endedBy: 'observed' }), 0)).toContain('no ack')
  })
})

test('the lockout says how many and when the next is possible', () => {
  expect(lockoutWords({ used: 2, most: 3 })).toBe('2 of 3 restarts in 15 minutes')
  expect(lockoutWords({ used: 3, most: 3, retryAfterS: 481 })).toContain('possible in 9 min')
  expect([freesIn(0), freesIn(45), freesIn(91)]).toEqual(['1 s', '45 s', '2 min'])
})

test('a client is online, silent, offline or was never seen; a failed service comes before a poor link', () => {
  expect(presence({}, 0).word).toBe('never seen')
  expect(presence({ lastSeenMs: 0 }, 90_000).tone).toBe('ok')
  expect(presence({ lastSeenMs: 0 }, 240_000)).toMatchObject({ tone: 'warn', word: 'silent 4 min' })
  expect(presence({ lastSeenMs: 0, lastDisconnectMs: 1_000 }, 5_000)).toMatchObject({ tone: 'off', word: 'offline 4 s' })
  expect(presence({ lastSeenMs: 2_000, lastDisconnectMs: 1_000 }, 5_000).word).toBe('online')
  const alert = { clientUuid: '9b8d1856-ff34-4864-a726-12de072d0f77', unit: 'infoscreen.service', failedAt: '2026-05-12T00:00:00Z', seenAtMs: 0 }
  expect(troubleOf({ alert, hasPoorLink: true, recentReconnects: 7 })).toMatchObject({ tone: 'bad', word: 'service failed' })
  expect(troubleOf({ hasPoorLink: true, recentReconnects: 7 })?.word).toBe('7 reconnects')
  expect(troubleOf({ hasPoorLink: false, recentReconnects: 2 })).toBeUndefined()
})
