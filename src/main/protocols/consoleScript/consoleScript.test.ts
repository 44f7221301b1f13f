import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { scriptLimits, type ScriptPart, type ScriptStep } from './frame.ts'
import { parseScript } from './parser.ts'
import { scriptLine } from './writer.ts'

const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,10}$/)
const letters = fc.string({ minLength: 1, maxLength: 40, unit: 'binary' })
const pattern = fc.constantFrom('a+', 'login: $', '(\\d+)\\.(\\d+)', 'x\\/y', '[^"]"', 'ab|cd')
const durationMs = fc.integer({ min: 1, max: scriptLimits.waitMs })
const textOf = (known: readonly string[]): fc.Arbitrary<ScriptPart[]> =>
  fc.array(fc.oneof(letters, fc.constantFrom(...known).map((variable) => ({ variable }))), { maxLength: 4 }).map(joined)
/** Letters beside letters are one piece. */
function joined(parts: readonly ScriptPart[]): ScriptPart[] {
  return parts.reduce<ScriptPart[]>((all, part) => {
    const before = all.at(-1)
    return typeof part === 'string' && typeof before === 'string' ? [...all.slice(0, -1), before + part] : [...all, part]
  }, [])
}
type Bare = ScriptStep extends infer Step ? (Step extends ScriptStep ? Omit<Step, 'line'> : never) : never
const step: fc.Arbitrary<Bare> = fc.oneof(
  fc.record({ kind: fc.constantFrom('send' as const, 'type' as const), text: textOf(['camera']) }),
  fc.record({ kind: fc.constant('wait' as const), durationMs }),
  fc.record({ kind: fc.constant('set' as const), name, pattern, ignoreCase: fc.boolean() }),
  fc.record({
    kind: fc.constant('expect' as const), withinMs: durationMs, otherwise: fc.option(textOf(['camera']), { nil: undefined }),
    wanted: fc.oneof(fc.record({ pattern, ignoreCase: fc.boolean() }), textOf(['camera']).filter((parts) => parts.length > 0).map((words) => ({ words }))),
  }),
)

describe('a script', () => {
  test('what is written down is what is read', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 12 }), (bare) => {
      const steps = bare.map((each, index) => ({ ...each, line: index + 1 }) as ScriptStep)
      expect(parseScript(steps.map(scriptLine).join('\n'))).toEqual(steps)
    }))
  })
  test('any text is a script or an error with its line, never anything else', () => {
    const words = fc.constantFrom('send', 'type', 'expect', 'within', 'else', 'fail', 'set', 'from', 'wait', '"a"', '"', '/a/', '/', '{x}', '10s', '\\', '\n', ' ', '#')
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.array(words, { maxLength: 20 }).map((some) => some.join(' '))), (text) => {
      try {
        for (const { line } of parseScript(text)) expect(line).toBeGreaterThan(0)
      } catch (error) {
        expect(error).toBeInstanceOf(WorkbenchError)
        expect((error as WorkbenchError).code).toMatch(/^input\//)
      }
    }))
  })
  test('comments and empty lines count as lines and do nothing', () => {
    expect(parseScript('# log in\r\n\r\n  send "root"  \n')).toEqual([{ line: 3, kind: 'send', text: ['root'] }])
  })
  test.each([
    ['send root', 'quotation marks'], ['send "root', 'does not end'], ['send "a\\q"', 'means nothing'], ['send "{serial}"', 'no line before it sets'], ['send "a" "b"', 'belongs to nothing'],
    ['expect "a"', 'within'], ['expect "a" within soon', 'lacks a time'], ['expect "a" within 11m', 'lacks a time'], ['expect "" within 1s', 'expects nothing'], ['expect /(/ within 1s', 'a pattern that is none'],
    ['expect "a" within 1s or fail "b"', 'else'], ['wait 0ms', 'lacks a time'], ['set 1x from /a/', 'names a variable'], ['set x from "a"', 'a pattern between slashes'], ['reboot', 'no command'],
  ])('%s is refused with words', (text, words) => {
    expect(() => parseScript(`\n${text}`)).toThrow(expect.objectContaining({ code: 'input/malformed', message: expect.stringMatching(new RegExp(`^Line 2 .*${words}`)) as string }) as Error)
  })
  test('a variable can be used behind the line that sets it', () => {
    expect(parseScript('set serial from /SN (\\w+)/i\nsend "echo {serial} \\{x\\}"')[1]).toEqual({ line: 2, kind: 'send', text: ['echo ', { variable: 'serial' }, ' {x}'] })
  })
  test('a million lines are refused before any is looked at', () => {
    expect(() => parseScript('wait 1s\n'.repeat(1_000_000))).toThrow(expect.objectContaining({ code: 'input/too-large' }) as Error)
    expect(() => parseScript(`send "${'x'.repeat(5_000)}"`)).toThrow(/longer than 4096/)
  })
})
