import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptyAgentState } from '../../../shared/fleet/agentState.schema.ts'
import { commandJsonSchema, commandMessageSchema } from '../../../shared/fleet/command.schema.ts'
import { decideArrival, type Decision, type DecisionFacts } from './decideArrival.ts'

const example = commandJsonSchema.examples[0]
const times = { toMs: (text: string): number => Date.parse(text), toText: (ms: number): string => new Date(ms).toISOString() }
const nowMs = Date.parse(example.issued_at) + 1_000
const facts: DecisionFacts = { clientUuid: example.client_uuid, nowMs, times, contractFault: () => undefined }
const none = emptyAgentState(example.client_uuid)
const decide = (value: unknown, retained = false, state = none): Decision =>
  decideArrival(state, { bytes: typeof value === 'string' ? new TextEncoder().encode(value) : value instanceof Uint8Array ? value : new TextEncoder().encode(JSON.stringify(value)), retained }, facts)

const noise = fc.oneof(
  fc.uint8Array(), fc.string(), fc.json(), fc.anything().filter((value) => { try { return JSON.stringify(value) !== undefined } catch { return false } }),
  // Nearly right ones: each field good, bad or absent.
  fc.record({
    schema_version: fc.constantFrom('1.0', '1.1', 1), command_id: fc.oneof(fc.uuid(), fc.string()), client_uuid: fc.constantFrom(example.client_uuid, example.command_id, '', 5),
    action: fc.constantFrom('reboot_host', 'shutdown_host', 'restart_app', '; reboot'), issued_at: fc.constantFrom(example.issued_at, '2026-04-03T14:48:10+02:00', '2126-04-03T12:48:10Z', 'now'),
    expires_at: fc.constantFrom(example.expires_at, '2026-04-03T12:00:00Z', 'never', 0), requested_by: fc.constantFrom(1, 0, null, 1.5), reason: fc.oneof(fc.string(), fc.constant(null), fc.integer()),
    x: fc.integer(),
  }, { requiredKeys: [] }),
  fc.record({ command_id: fc.uuid(), action: fc.constantFrom('reboot_host', 'shutdown_host'), reason: fc.oneof(fc.string(), fc.constant(null)), expires_at: fc.constantFrom(example.expires_at, example.issued_at) }).map((change) => ({ ...example, ...change })),
)

test('whatever arrives, it is accepted only when it is valid, mine, fresh and new', () => {
  let accepted = 0
  fc.assert(fc.property(noise, fc.boolean(), (value, retained) => {
    const decision = decide(value, retained)
    if (decision.kind !== 'accept') return
    accepted += 1
    const command = commandMessageSchema.parse(typeof value === 'string' ? JSON.parse(value) : value)
    expect([command.client_uuid, retained]).toEqual([example.client_uuid, false])
    expect(Date.parse(command.expires_at)).toBeGreaterThanOrEqual(nowMs)
    expect(Date.parse(command.issued_at)).toBeLessThanOrEqual(nowMs + 60_000)
    // New: the same a second time is a repetition, whatever else it says.
    const state = { ...none, commands: [decision.record] }
    expect(decide(value, false, state)).toEqual({ kind: 'repeat', record: decision.record })
    expect(decide({ ...command, reason: 'another' }, false, state).kind).toBe('repeat')
  }), { numRuns: 2_000 })
  expect(accepted).toBeGreaterThan(20)
})

test('a value that only the frozen contract refuses is refused', () => {
  expect(decideArrival(none, { bytes: new TextEncoder().encode(JSON.stringify(example)), retained: false }, { ...facts, contractFault: () => 'no' })).toMatchObject({ kind: 'refuse', record: { error_code: 'invalid_schema' } })
  expect(decide(example).kind).toBe('accept')
})
