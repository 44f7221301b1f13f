import { describe, expect, test } from 'vitest'
import { createFakeCli } from '../../../../test/support/fakeCli.ts'
import { plan, provedPartitions } from '../../../../test/support/planFixture.ts'
import { Cancelled, type ErrorCode, errorCodes, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { JobNews } from '../../../shared/jobs/jobEvent.ts'
import { exitCodeOfError, exitCodeOfVerdict } from './exitCodes.ts'
import { runCli } from './main.ts'

const line = ['restore', '-c', 'hi3516ev300', '-i', '/images/cam', '-p', 'rack://10.0.0.7', '--power-cycle']
const json = [...line, '--output', 'json']
const begun: readonly JobNews[] = [
  { type: 'job-started' },
  { type: 'phase-started', phase: 'fastboot' },
  { type: 'staging-progressed', state: 'running', file: 'kernel', doneBytes: 10, totalBytes: 100, note: '' },
  { type: 'phase-finished', phase: 'fastboot', elapsedMs: 25_700, note: '7 markers' },
  { type: 'phase-started', phase: 'write:kernel' },
  { type: 'phase-progressed', phase: 'write:kernel', step: 'writing', doneBytes: 5, totalBytes: 10 },
]
const proved: readonly JobNews[] = provedPartitions.map((partition) => ({ type: 'partition-changed', partition }))
const good: readonly JobNews[] = [
  ...begun, ...proved, { type: 'phase-finished', phase: 'write:kernel', elapsedMs: 900, note: 'CRC 11111111' }, { type: 'undone', label: 'drop staged files' },
  { type: 'console-excerpt', text: 'login:' }, { type: 'job-succeeded', verdict: 'restored and booted', elapsedMs: 60_000 },
]
const failed = (code: ErrorCode, verdict: 'failed (state known)' | 'failed (state unknown)' = 'failed (state known)'): readonly JobNews[] =>
  [...begun, { type: 'job-failed', verdict, elapsedMs: 10, error: { code, message: 'It went wrong', context: {}, hint: 'Look at the cable' } }]

describe('restore as JSON', () => {
  test('every line is an object with a known event; plan first, done last', async () => {
    const fake = createFakeCli({ news: good })
    expect(await runCli(json, fake.deps)).toBe(0)
    const events = fake.events()
    expect(new Set(events.map(({ event }) => event))).toEqual(new Set(['plan', 'log', 'phase', 'progress', 'done']))
    expect(events[0]).toMatchObject({ event: 'plan', hash: plan.hash, chip: 'hi3516ev300' })
    expect(events.filter(({ event }) => event === 'done')).toHaveLength(1)
    expect(events.at(-1)).toEqual({
      event: 'done', success: true, verdict: 'restored and booted', elapsedMs: 0, jobId: 'j1', exitCode: 0, reportPath: '/data/reports/j1.html',
      partitions: [
        { name: 'kernel', offset: 0x40000, lengthBytes: 0x20000, crc32: '11111111', readBackCrc32: '11111111', action: 'written' },
        { name: 'boot', offset: 0, lengthBytes: 0x40000, crc32: '22222222', readBackCrc32: '22222222', action: 'written' },
      ],
    })
    expect(events).toContainEqual({ event: 'phase', phase: 'fastboot', title: 'Upload U-Boot', state: 'finished', elapsedMs: 25_700, note: '7 markers' })
    expect(events).toContainEqual({ event: 'progress', phase: 'write:kernel', step: 'writing', doneBytes: 5, totalBytes: 10 })
    expect(events).toContainEqual({ event: 'progress', phase: 'staging', step: 'running', file: 'kernel', doneBytes: 10, totalBytes: 100, note: '' })
    expect(fake.err.lines).toEqual([])
    expect(fake.calls.at(-1)).toBe('close')
  })

  test('what was asked for arrives at the workbench', async () => {
    const fake = createFakeCli({ news: good })
    await runCli([...json, '--tftp-port', '6969', '--data', '/elsewhere', '--force', '--uboot', '/u.bin'], fake.deps)
    expect(fake.opened[0]).toMatchObject({ dataFolder: '/elsewhere', tftpPort: 6969 })
    expect(fake.targets).toEqual([{ url: 'rack://10.0.0.7', chip: 'hi3516ev300', name: 'camera', power: 'rack' }])
    expect(fake.calls[0]).toBe(`plan ${JSON.stringify({ inputPath: '/images/cam', boot: 'auto', flashType: 'auto', tftpVia: 'auto', force: true, ubootPath: '/u.bin', cameraId: 'cam-1' })}`)
  })

  test('a plan alone touches nothing', async () => {
    const fake = createFakeCli()
    expect(await runCli([...json, '--plan-only'], fake.deps)).toBe(0)
    expect(fake.events().map(({ event }) => event)).toEqual(['plan', 'done'])
    expect(fake.events().at(-1)).toMatchObject({ success: true, verdict: null, partitions: [{ name: 'kernel', readBackCrc32: null, action: null }, { name: 'boot' }] })
    expect(fake.calls).not.toContain('start')
  })

  test('a refused plan is not started: each refusal is an error, the code is that of the first', async () => {
    const refusals = [{ code: 'input/too-large' as const, message: 'Too large', context: {} }, { code: 'link/unreachable' as const, message: 'No pod', context: {} }]
    const fake = createFakeCli({ plan: { refusals } })
    expect(await runCli(json, fake.deps)).toBe(2)
    expect(fake.events().map(({ event }) => event)).toEqual(['plan', 'error', 'error', 'done'])
    expect(fake.events().at(-1)).toMatchObject({ success: false, verdict: 'failed (state known)', exitCode: 2 })
    expect(fake.calls).not.toContain('start')
  })

  test.each<[string, readonly string[]]>([['an unknown flag', [...json, '--bogus']], ['a missing chip', ['restore', '--output=json']], ['an unknown type', [...json, '--flash-type', 'rom']]])(
    '%s still ends with done', async (_, argv) => {
      const fake = createFakeCli()
      expect(await runCli(argv, fake.deps)).toBe(2)
      expect(fake.events().map(({ event }) => event)).toEqual(['error', 'done'])
      expect(fake.events().at(-1)).toMatchObject({ success: false, verdict: 'failed (state known)', partitions: [] })
      expect(fake.err.lines).toEqual([])
    })

  test('an error of ours ends with done and without its text', async () => {
    const fake = createFakeCli({ failPlan: new TypeError('secret path /home/x') })
    expect(await runCli(json, fake.deps)).toBe(1)
    expect(fake.out.lines.join('\n')).not.toContain('secret')
    expect(fake.events().at(-1)).toMatchObject({ event: 'done', success: false, exitCode: 1 })
    expect(fake.calls).toContain('close')
    const loud = createFakeCli({ failPlan: new TypeError('secret path /home/x') })
    await runCli([...json, '-d'], loud.deps)
    expect(loud.events()).toContainEqual(expect.objectContaining({ event: 'log', level: 'debug', message: expect.stringContaining('secret path') as string }))
  })

  test('a job whose events break off has no good end', async () => {
    const fake = createFakeCli({ news: begun })
    expect(await runCli(json, fake.deps)).toBe(1)
    expect(fake.events().at(-1)).toMatchObject({ success: false, verdict: 'failed (state unknown)' })
  })

  test('a success without every read-back is none, whatever the job says', async () => {
    for (const kept of [proved.slice(0, 1), []]) {
      const fake = createFakeCli({ news: [...begun, ...kept, { type: 'job-succeeded', verdict: 'restored and booted', elapsedMs: 1 }] })
      expect(await runCli(json, fake.deps)).toBe(5)
      expect(fake.events().at(-1)).toMatchObject({ success: false, verdict: 'failed (state unknown)', exitCode: 5 })
    }
    const [first] = provedPartitions
    const wrong = createFakeCli({ news: [...begun, ...proved, { type: 'partition-changed', partition: { ...first!, readBackCrc32: 'deadbeef' } }, { type: 'job-succeeded', verdict: 'restored and booted', elapsedMs: 1 }] })
    expect(await runCli(json, wrong.deps)).toBe(5)
  })

  test('a report that cannot be written is told and changes nothing else', async () => {
    const fake = createFakeCli({ news: good, failReport: new WorkbenchError('host/io', 'The disk is full') })
    expect(await runCli(json, fake.deps)).toBe(0)
    expect(fake.events()).toContainEqual({ event: 'log', level: 'warning', message: 'There is no report: The disk is full' })
    expect(fake.events().at(-1)).not.toHaveProperty('reportPath')
  })
})

describe('exit codes', () => {
  test.each<[readonly JobNews[], number]>([
    [good, 0],
    [[...begun, ...proved, { type: 'job-succeeded', verdict: 'restored, boot not seen', elapsedMs: 1 }], 6],
    [failed('link/unreachable'), 3], [failed('link/closed', 'failed (state unknown)'), 3], [failed('pod/busy'), 4], [failed('host/port-in-use'), 4],
    [failed('device/wrong-content', 'failed (state unknown)'), 5], [failed('pod/boot-failed'), 5], [failed('internal/bug'), 1], [failed('job/undo-failed'), 5],
    [[...begun, { type: 'cancel-requested' }, { type: 'job-cancelled', verdict: 'cancelled', elapsedMs: 1 }], 7],
    [[...begun, { type: 'job-interrupted', verdict: 'interrupted' }], 8],
  ])('story %#', async (news, code) => {
    const fake = createFakeCli({ news })
    expect(await runCli(json, fake.deps)).toBe(code)
    expect(fake.events().at(-1)).toMatchObject({ event: 'done', success: code === 0, exitCode: code })
  })

  test('no error is a success, and no failed verdict either', () => {
    for (const code of errorCodes) expect(exitCodeOfError(code)).toBeGreaterThan(0)
    expect(exitCodeOfVerdict('failed (state known)', undefined)).toBe(5)
  })

  test('a start that is refused: busy', async () => {
    const fake = createFakeCli({ failStart: new WorkbenchError('pod/busy', 'cam-1 is in use by a restore') })
    expect(await runCli(json, fake.deps)).toBe(4)
  })
})

describe('Ctrl-C', () => {
  test('asks the job to stop and follows it to its end; again says what is waited for', async () => {
    const fake = createFakeCli({
      news: [...begun, { type: 'cancel-requested' }, { type: 'phase-finished', phase: 'write:kernel', elapsedMs: 5, note: '' }, { type: 'job-cancelled', verdict: 'cancelled', elapsedMs: 9 }],
      between: (type, { interrupt, calls }) => {
        if (type === 'phase-progressed') interrupt()
        if (type === 'cancel-requested') { expect(calls).toContain('cancel'); interrupt() }
      },
    })
    expect(await runCli(line, fake.deps)).toBe(7)
    const text = fake.out.lines.join('\n')
    expect(text).toContain('cancelling: "Write kernel" is finished first')
    expect(text).toContain('Still waiting: "Write kernel" is finished first')
    expect(text).toContain('Verdict: cancelled')
    expect(fake.calls.filter((call) => call === 'cancel')).toHaveLength(1)
  })

  test('before the start nothing is started', async () => {
    const fake = createFakeCli({ news: good })
    fake.interrupt()
    expect(await runCli(json, fake.deps)).toBe(7)
    expect(fake.events()).toEqual([expect.objectContaining({ event: 'done', verdict: 'cancelled', success: false })])
    expect(fake.calls).toEqual(['close'])
    const planning = createFakeCli({ failPlan: new Cancelled('interrupted') })
    expect(await runCli(json, planning.deps)).toBe(7)
  })
})

describe('restore for a person', () => {
  test('plan, phases with times and bytes, read-backs, verdict, report; no colour into a file', async () => {
    const fake = createFakeCli({ news: good })
    expect(await runCli(line, fake.deps)).toBe(0)
    const text = fake.out.lines.join('\n')
    for (const part of ['Camera 1, hi3516ev300, on Pod 1', '0x00040000', '128 KB', 'boot, written last', 'ok  Upload U-Boot', '25.7 s', '7 markers', 'Verdict: restored and booted', 'Report:  /data/reports/j1.html']) expect(text).toContain(part)
    expect(text).toMatch(/kernel {2,}written {2,}128 KB {2,}11111111 {2,}11111111 {2,}proved/)
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(text).not.toMatch(/\x1b/)
  })

  test('words of a stranger move no cursor', async () => {
    const fake = createFakeCli({ terminal: true, news: [...begun, { type: 'noted', level: 'warning', message: 'odd\u001b[2J\u0007\r\nname' }, ...failed('device/refused').slice(-1)] })
    await runCli(line, fake.deps)
    expect(fake.out.lines.join('\n')).toContain('!!  odd [2J name')
  })

  test('a failure: sentence and hint on stderr, the table says what is not proved', async () => {
    const fake = createFakeCli({ news: [...begun, ...proved.slice(0, 1), ...failed('device/wrong-content').slice(-1)] })
    expect(await runCli(line, fake.deps)).toBe(5)
    expect(fake.err.lines).toEqual(['Error: It went wrong', '       Look at the cable'])
    expect(fake.out.lines.join('\n')).toMatch(/boot {2,}not done {2,}256 KB {2,}22222222 {2,}not seen {2,}NOT PROVED/)
  })

  test('quiet: the verdict and where the report is', async () => {
    const fake = createFakeCli({ news: good })
    await runCli([...line, '--output', 'quiet'], fake.deps)
    expect(fake.out.lines).toEqual(['Verdict: restored and booted after 0 ms', 'Report:  /data/reports/j1.html'])
  })
})

describe('the other commands', () => {
  test('demo is a restore of a simulated camera, and closes it', async () => {
    const fake = createFakeCli({ news: good })
    expect(await runCli(['demo'], fake.deps)).toBe(0)
    expect(fake.targets[0]).toMatchObject({ url: 'rack://127.0.0.1:9?api=8', power: 'rack' })
    expect(fake.calls.at(0)).toBe('demo started')
    expect(fake.calls.slice(-2)).toEqual(['close', 'demo closed'])
  })
  test('demo without a report, without boot, or with a failure is no success', async () => {
    expect(await runCli(['demo'], createFakeCli({ news: good, failReport: new Error('x') }).deps)).toBe(5)
    expect(await runCli(['demo'], createFakeCli({ news: [...begun, ...proved, { type: 'job-succeeded', verdict: 'restored, boot not seen', elapsedMs: 1 }] }).deps)).toBe(6)
    const fake = createFakeCli({ failPlan: new WorkbenchError('link/unreachable', 'No pod') })
    expect(await runCli(['demo'], fake.deps)).toBe(3)
    expect(fake.calls.at(-1)).toBe('demo closed')
  })
  test('sim', async () => {
    const fake = createFakeCli()
    expect(await runCli(['sim', '--pods', '3', '--port-base', '18080', '--speed', 'real', '--flash-mb', '8', '--fault', 'tftp-loss:2', '--fault', 'no-crc32'], fake.deps)).toBe(0)
    expect(fake.sims).toEqual([{ pods: 3, portBase: 18_080, speed: 'real', flashMb: 8, faults: ['tftp-loss:2', 'no-crc32'], host: '127.0.0.1' }])
    expect(fake.out.lines).toEqual(['{"pods":[]}'])
    expect(await runCli(['sim', '--list-faults'], fake.deps)).toBe(0)
    expect(fake.out.lines.at(-1)).toBe('tftp-loss  Blocks get lost')
    expect(await runCli(['sim', '--rfc2217-base', '7217'], fake.deps)).toBe(0)
    expect(fake.sims.at(-1)).toMatchObject({ portBase: 0, rfc2217Base: 7_217 })
    expect(await runCli(['sim', '--boot-rom'], fake.deps)).toBe(0)
    expect(fake.sims.at(-1)).toMatchObject({ bootRom: true })
    for (const bad of [['--pods', '0'], ['--speed', 'slow'], ['--flash-mb', '64'], ['--port-base', '70000'], ['--rfc2217-base', 'x']]) expect(await runCli(['sim', ...bad], fake.deps)).toBe(2)
  })
  test('chips, ports, jobs, serve', async () => {
    const fake = createFakeCli()
    expect(await runCli(['chips', '--output', 'json'], fake.deps)).toBe(0)
    expect(await runCli(['ports', '--output', 'json'], fake.deps)).toBe(0)
    expect(await runCli(['jobs'], fake.deps)).toBe(0)
    expect(await runCli(['jobs', '../../x'], fake.deps)).toBe(2)
    expect(await runCli(['serve', '--port', '4173'], fake.deps)).toBe(0)
    expect(fake.out.lines).toEqual([
      '[{"name":"hi3516ev300","protocol":"standard","ready":false,"needs":["profile","U-Boot image"]}]',
      '{"ports":[{"device":"/dev/ttyUSB0","open_path":"/dev/uart-bench"}]}',
      'No jobs yet',
    ])
    expect(fake.calls.at(-1)).toBe('serve 4173')
  })
  test('the interfaces of this computer', async () => {
    const fake = createFakeCli()
    expect(await runCli(['network', '--list', '--output', 'json'], fake.deps)).toBe(0)
    expect(await runCli(['network', '--list'], fake.deps)).toBe(0)
    expect(fake.out.lines).toEqual([
      '{"interfaces":[{"nic":"lo","address":"127.0.0.1","prefixBits":8,"internal":true},{"nic":"eth1","address":"192.168.1.10","prefixBits":24,"internal":false}]}',
      expect.stringMatching(/^interface +address/), expect.stringMatching(/^lo +127\.0\.0\.1\/8 +this computer only$/), expect.stringMatching(/^eth1 +192\.168\.1\.10\/24/),
    ])
    expect(await runCli(['network', '--list', '-f', '/x'], fake.deps)).toBe(2)
  })
  test('help everywhere, unknown commands named', async () => {
    const fake = createFakeCli()
    for (const name of ['restore', 'demo', 'sim', 'serve', 'jobs', 'chips', 'ports']) {
      expect(await runCli([name, '--help'], fake.deps)).toBe(0)
      expect(fake.out.lines.some((each) => each.startsWith(`rackbench ${name}`))).toBe(true)
    }
    expect(await runCli(['--help'], fake.deps)).toBe(0)
    expect(await runCli([], fake.deps)).toBe(2)
    expect(await runCli(['--version'], fake.deps)).toBe(0)
    expect(fake.out.lines.at(-1)).toBe('1.2.3')
    expect(await runCli(['toString'], fake.deps)).toBe(2)
    expect(fake.err.lines[0]).toBe('Error: There is no command "toString"')
    expect(fake.opened).toEqual([])
  })
})

describe('detect', () => {
  test('says the family and what was seen', async () => {
    const fake = createFakeCli()
    expect(await runCli(['detect', '-p', 'tcp://10.0.0.9:9000', '--timeout', '20', '--output', 'json'], fake.deps)).toBe(0)
    expect(fake.calls).toEqual(['detect tcp://10.0.0.9:9000 20000'])
    expect(fake.events()).toEqual([{ event: 'done', success: true, elapsedMs: 0, protocol: 'v500', chipId: 0x35160500, evidence: 'its answer to our hello', exitCode: 0 }])
  })
  test('nobody there is an error with its exit code, and JSON stays JSON', async () => {
    const fake = createFakeCli({ failDetect: new WorkbenchError('device/no-answer', 'No boot ROM answered; tried standard, v500, cv6xx') })
    expect(await runCli(['detect', '--output', 'json'], fake.deps)).toBe(5)
    expect(fake.events().map(({ event }) => event)).toEqual(['error', 'done'])
    const plain = createFakeCli({ failDetect: new WorkbenchError('device/no-answer', 'No boot ROM answered') })
    expect(await runCli(['detect'], plain.deps)).toBe(5)
    expect(plain.err.lines.join('\n')).toContain('No boot ROM answered')
  })
})

describe('boot files', () => {
  test('profiles are imported from where the person says', async () => {
    const fake = createFakeCli()
    expect(await runCli(['profiles', 'import', '/home/lab/profiles'], fake.deps)).toBe(0)
    expect(fake.calls).toContain('import /home/lab/profiles')
    expect(fake.out.lines.join('\n')).toContain('The profile of ')
    expect(await runCli(['profiles'], createFakeCli().deps)).toBe(2)
    expect(await runCli(['profiles', 'import'], createFakeCli().deps)).toBe(2)
  })
  test('a refused profile is named and is no success', async () => {
    const refused = [{ file: 'a.json', error: { code: 'input/malformed' as const, message: 'DDRSTEP0 is too long', context: {} } }]
    const fake = createFakeCli({ workbench: { importProfiles: async () => ({ imported: ['b'], refused, warnings: [], ready: ['b'] }) } })
    expect(await runCli(['profiles', 'import', '/x', '--output', 'json'], fake.deps)).toBe(2)
    expect(fake.events()).toEqual([{ event: 'done', success: false, imported: ['b'], refused, warnings: [], ready: ['b'], exitCode: 2 }])
  })
  test('a U-Boot is fetched, or taken from a file', async () => {
    const fake = createFakeCli()
    expect(await runCli(['uboot', 'HI3516EV300', '-f', '/u.bin'], fake.deps)).toBe(0)
    expect(fake.calls).toContain('uboot hi3516ev300 /u.bin')
    expect(await runCli(['uboot'], createFakeCli().deps)).toBe(2)
  })
  test('a U-Boot is asked for again, and another one is taken only when it is expected', async () => {
    const fake = createFakeCli()
    expect(await runCli(['uboot', 'hi3516ev300', '--refresh'], fake.deps)).toBe(0)
    expect(await runCli(['uboot', 'hi3516ev300', '--refresh', '--accept-other'], fake.deps)).toBe(0)
    expect(fake.calls.filter((call) => call.startsWith('uboot'))).toEqual(['uboot hi3516ev300 same', 'uboot hi3516ev300 accept-other'])
    expect(await runCli(['uboot', 'hi3516ev300', '--accept-other'], createFakeCli().deps)).toBe(2)
    expect(await runCli(['uboot', 'hi3516ev300', '--refresh', '-f', '/u.bin'], createFakeCli().deps)).toBe(2)
  })
  test('a download is told as it comes, its end always', async () => {
    const fake = createFakeCli()
    expect(await runCli(['uboot', 'hi3516ev300', '--output', 'json'], fake.deps)).toBe(0)
    // The clock of this story stands still: the first piece and the last.
    expect(fake.events()).toEqual([
      { event: 'progress', phase: 'download', doneBytes: 1000, totalBytes: 3000 }, { event: 'progress', phase: 'download', doneBytes: 3000, totalBytes: 3000 },
      { event: 'done', success: true, path: '/data/uboot/u', sha256: 'ab'.repeat(32), from: 'download', exitCode: 0 },
    ])
  })
})
