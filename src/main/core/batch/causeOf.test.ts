import { expect, test } from 'vitest'
import { errorCodes, type WireError } from '../../../shared/errors/workbenchError.ts'
import { causeOf, ruleFor, waitBeforeRetry } from './causeOf.ts'

const error = (code: WireError['code'], context: WireError['context'] = {}): WireError => ({ code, message: 'It went wrong', context })

test('each code has a class and a sentence, whatever the console said', () => {
  for (const code of errorCodes) for (const excerpt of ['', 'hello\n']) expect(causeOf(error(code), excerpt)).toMatchObject({ cause: expect.any(String) as string, evidence: expect.stringMatching(/\w/) as string })
})
test.each([
  ['host/disk-full', '', 'infrastructure'], ['link/unreachable', 'Kernel panic - not syncing: x', 'infrastructure'], ['pod/busy', '', 'infrastructure'],
  ['link/closed', '', 'cable or UART'], ['pod/wrong-power-state', '', 'power'], ['device/no-network', '', 'network'], ['device/wrong-content', '', 'board'],
  ['device/not-booted', 'Starting kernel\nKernel panic - not syncing: VFS\n', 'firmware'],
  ['device/not-booted', 'nand: uncorrectable error in block 7\nKernel panic - not syncing: VFS\n', 'board'],
  ['device/not-booted', 'U-Boot 2016.11\n', 'firmware'], ['device/not-booted', '', 'unknown'], ['device/no-answer', 'ARP Retry count exceeded; starting again', 'network'], ['link/timeout', 'hello', 'unknown'],
] as const)('%s with %j is %s', (code, excerpt, cause) => { expect(causeOf(error(code), excerpt).cause).toBe(cause) })
test('the line of the console is the evidence', () => {
  expect(causeOf(error('device/not-booted'), 'a\n[    1.6] Kernel panic - not syncing: VFS: no root\nb').evidence).toBe('The console said "[    1.6] Kernel panic - not syncing: VFS: no root"')
})
test('a check that has looked is believed, one with a foreign word is not', () => {
  expect(causeOf(error('device/no-answer', { cause: 'network' }), '').cause).toBe('network')
  expect(causeOf(error('device/no-network', { cause: 'moonlight' }), '').cause).toBe('network')
})
test('infrastructure is tried again with growing waits and then no more; firmware is not', () => {
  const rule = ruleFor({}, 'infrastructure')
  expect([1, 2, 3, 4].map((tries) => waitBeforeRetry(rule, tries))).toEqual([5_000, 20_000, 80_000, undefined])
  expect(waitBeforeRetry({ ...rule, attempts: 9, maxWaitMs: 30_000 }, 5)).toBe(30_000)
  expect(waitBeforeRetry(ruleFor({}, 'firmware'), 1)).toBeUndefined()
  expect(waitBeforeRetry(ruleFor({ firmware: rule }, 'firmware'), 1)).toBe(5_000)
})
