import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ackJsonSchema, ackMessageSchema, commandJsonSchema, commandMessageSchema } from '../../../shared/fleet/command.schema.ts'
import { createFrozenContract } from './frozenContract.ts'

const contract = createFrozenContract()
const example = commandJsonSchema.examples[0]
const { command_id: commandId } = example
/** Both say the same, and that is what comes back. */
const commandIsValid = (value: unknown): boolean => {
  const byOurs = commandMessageSchema.safeParse(value).success
  expect(contract.command(value) === undefined).toBe(byOurs)
  return byOurs
}
const ackIsValid = (value: unknown): boolean => {
  const byOurs = ackMessageSchema.safeParse(value).success
  expect(contract.ack(value) === undefined).toBe(byOurs)
  return byOurs
}

describe('the frozen contract of fleet commands', () => {
  it('4.1 the example command of the schema is valid', () => {
    expect(commandIsValid(example)).toBe(true)
    expect(commandIsValid({ ...example, requested_by: null, reason: null, action: 'shutdown_host' })).toBe(true)
  })

  it.each(Object.keys(example))('4.2 a command without %s is invalid', (key) => {
    expect(commandIsValid(Object.fromEntries(Object.entries(example).filter(([name]) => name !== key)))).toBe(false)
  })

  it.each<Record<string, unknown>>([
    { x: 1 }, { schema_version: '1.1' }, { action: 'restart_app' }, { requested_by: 0 }, { requested_by: 1.5 },
    { command_id: 'not-a-uuid' }, { command_id: commandId.toUpperCase() }, { client_uuid: `urn:uuid:${example.client_uuid}` }, { issued_at: 'yesterday' },
  ])('4.2 a command with %j is invalid', (change) => {
    expect(commandIsValid({ ...example, ...change })).toBe(false)
  })

  it('4.2 a reason has 2000 characters at most, whatever each of them takes', () => {
    expect(commandIsValid({ ...example, reason: 'x'.repeat(2001) })).toBe(false)
    expect(commandIsValid({ ...example, reason: 'x'.repeat(2000) })).toBe(true)
    expect(commandIsValid({ ...example, reason: '🙂'.repeat(2000) })).toBe(true)
    expect(commandIsValid({ ...example, reason: '🙂'.repeat(2001) })).toBe(false)
  })

  it('4.4 a failure says its code and its words; another status needs neither, and there is no other', () => {
    const ack = { command_id: commandId, status: 'failed', error_code: 'execution_failed', error_message: 'exit code 1' }
    expect(ackIsValid(ack)).toBe(true)
    expect(ackIsValid({ ...ack, error_code: null })).toBe(false)
    expect(ackIsValid({ ...ack, error_message: '' })).toBe(false)
    expect(ackIsValid({ ...ack, status: 'completed', error_code: null, error_message: null })).toBe(true)
    expect(ackIsValid({ ...ack, status: 'completed' })).toBe(true)
    expect(ackIsValid({ ...ack, status: 'done' })).toBe(false)
    expect(ackIsValid({ ...ack, x: 1 })).toBe(false)
    expect(ackIsValid({ command_id: commandId, status: 'accepted' })).toBe(false)
  })

  it('both notations of it agree on whatever comes', () => {
    fc.assert(fc.property(fc.record({
      schema_version: fc.constantFrom('1.0', '1.1', 1), command_id: fc.oneof(fc.uuid(), fc.string()), client_uuid: fc.constant(example.client_uuid),
      action: fc.constantFrom('reboot_host', 'shutdown_host', 'x'), issued_at: fc.constant(example.issued_at), expires_at: fc.oneof(fc.constant(example.expires_at), fc.integer()),
      requested_by: fc.oneof(fc.integer({ min: -2, max: 5 }), fc.constant(null)), reason: fc.oneof(fc.string(), fc.constant(null)),
    }, { requiredKeys: ['command_id'] }), (value) => { commandIsValid(value) }))
    fc.assert(fc.property(fc.anything(), (value) => { commandIsValid(value); ackIsValid(value) }))
  })

  it('is frozen: a change of a single byte is seen here', () => {
    const hash = (schema: object): string => createHash('sha256').update(JSON.stringify(schema)).digest('hex').slice(0, 16)
    expect([hash(commandJsonSchema), hash(ackJsonSchema)]).toEqual(['5c830938ded04489', '2810a095abf12f6d'])
  })
})
