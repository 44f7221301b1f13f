import { describe, expect, test } from 'vitest'
import { createFakeCli } from '../../../../test/support/fakeCli.ts'
import type { CliDeps } from './cliWorkbench.ts'
import { runCli } from './main.ts'

describe('what never began', () => {
  test.each(['restore', 'install', 'dump', 'burn', 'agent'])('%s with a mistyped flag: one error on stderr, no verdict on stdout, and two whole lines of JSON', async (name) => {
    for (const mode of ['human', 'quiet']) {
      const fake = createFakeCli()
      expect(await runCli([name, '--chp', 'x', '--output', mode], fake.deps)).toBe(2)
      expect([fake.out.lines, fake.err.lines]).toEqual([[], ['Error: Unknown flag --chp', `       rackbench ${name} --help lists the flags`]])
    }
    const fake = createFakeCli()
    expect(await runCli([name, '--chp', 'x', '--output', 'json'], fake.deps)).toBe(2)
    expect(fake.events()).toMatchObject([{ event: 'error', code: 'input/malformed', exitCode: 2 }, { event: 'done', success: false, exitCode: 2 }])
    expect(fake.err.lines).toEqual([])
  })
})

describe('quiet', () => {
  const captured = { baudRate: 115_200, chip: '', isTimed: true, note: undefined, records: [{ timeUs: 1, direction: 'from-device' as const, bytes: Uint8Array.of(0x41) }] }
  const quietly = async (argv: readonly string[], more: Partial<CliDeps> = {}): Promise<readonly [number, readonly string[], readonly string[]]> => {
    const fake = createFakeCli({ terminal: true })
    const status: string[] = []
    const exitCode = await runCli([...argv, '--output', 'quiet'], { ...fake.deps, ...more, out: { ...fake.deps.out, status: (text) => { if (text !== '') status.push(text) } } })
    expect(status).toEqual([])
    return [exitCode, fake.out.lines, fake.err.lines]
  }
  test.each<readonly [string, readonly string[], readonly string[], Partial<CliDeps>]>([
    ['chips: a name a line', ['chips'], ['hi3516ev300'], {}],
    ['ports: what can be given with -p', ['ports'], ['/dev/uart-bench'], {}],
    ['network --list: an interface a line', ['network', '--list'], ['lo', 'eth1'], {}],
    ['detect: the family', ['detect', '-p', 'tcp://10.0.0.9:9000'], ['v500'], {}],
    ['uboot: where it lies', ['uboot', 'hi3516ev300'], ['/data/uboot/u'], {}],
    ['profiles: nothing', ['profiles', 'import', '/x'], [], {}],
    ['capture: nothing', ['capture', '-p', 'x', '-o', 'y'], [], { captureLine: async ({ tell }) => { tell(5); return { receivedBytes: 5, isLost: false } } }],
    ['replay: nothing', ['replay', 'y'], [], { readCapture: async () => captured }],
    ['network: nothing', ['network', '-f', 'x'], [], { serveOneFile: async ({ ready, progress }) => { ready('x', '0.0.0.0', 69); progress(1, 2); return { sentBytes: 2 } } }],
  ])('%s', async (_, argv, lines, more) => { expect(await quietly(argv, more)).toEqual([0, lines, []]) })
  test('an error is told in words', async () => {
    expect(await quietly(['replay'])).toEqual([2, [], ['Error: Which capture?', '       rackbench replay FILE.dcap']])
  })
  test('a hand at the plug is asked for all the same', async () => {
    const [, lines, errors] = await quietly(['detect'], { detect: async ({ ask }) => { await ask('Switch the camera off and on', AbortSignal.abort()); return { protocol: 'standard', evidence: '' } } })
    expect([lines, errors]).toEqual([['standard'], ['Switch the camera off and on']])
  })
})
