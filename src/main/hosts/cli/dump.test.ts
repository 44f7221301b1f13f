import { expect, test } from 'vitest'
import { createFakeCli, type FakeCli } from '../../../../test/support/fakeCli.ts'
import type { DumpDiff } from '../../../shared/dump/diff.schema.ts'
import { type DumpPlan, type DumpRequest, dumpRequestSchema } from '../../../shared/dump/dump.schema.ts'
import { cameraIdSchema, jobIdSchema, podIdSchema } from '../../../shared/devices/ids.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { JobEvent, JobNews } from '../../../shared/jobs/jobEvent.ts'
import { runCli } from './main.ts'

const camera = cameraIdSchema.parse('cam-1')
const job = jobIdSchema.parse('j1')
const range = { name: 'boot', offsetBytes: 0, lengthBytes: 0x40000, crc32: 'cbf43926', sha256: 'a'.repeat(64), path: '/out/mtd0' }
const plan: DumpPlan = {
  hash: 'b'.repeat(64), request: dumpRequestSchema.parse({ cameraId: camera, outputPath: '/out' }), cameraName: 'camera', podName: 'pod-1', chip: 'hi3516ev300', flashBytes: 0, partitions: [],
  boot: { method: 'pod', profile: 'p', uboot: 'u', blobBytes: 9 }, loadAddress: 0x42000000, way: 'tftp', wayReason: 'the fast way',
  output: { path: '/out', keptBytes: 0, freeBytes: 2 ** 33 }, tftp: { serverAddress: '10.0.0.1', cameraAddress: '10.0.0.55', port: 69 },
  phases: [{ name: 'read', title: 'Send and compare', cancel: 'anytime', forecastMs: 9 }], forecastMs: 9, warnings: ['slow otherwise'], refusals: [],
}
const good: JobNews[] = [
  { type: 'job-started' }, { type: 'phase-started', phase: 'read' }, { type: 'phase-progressed', phase: 'read', step: 'sending boot', doneBytes: 1, totalBytes: 2 },
  { type: 'phase-finished', phase: 'read', elapsedMs: 3, note: 'by tftpput' }, { type: 'range-dumped', range }, { type: 'job-succeeded', verdict: 'dumped and verified', elapsedMs: 4 },
]

interface Story { readonly news?: readonly JobNews[]; readonly plan?: Partial<DumpPlan>; readonly fail?: Error; readonly diff?: DumpDiff }
function world({ news = good, plan: more = {}, fail, diff }: Story = {}): FakeCli & { readonly requests: DumpRequest[] } {
  const requests: DumpRequest[] = []
  const made = { ...plan, ...more }
  const events = [{ type: 'job-queued', workflow: 'dump', title: 'Dump camera', pod: podIdSchema.parse('pod-1'), camera, plan: made }, ...news]
    .map((each, index) => ({ ...each, job, sequence: index + 1, atMs: index }) as JobEvent)
  const fake = createFakeCli({ workbench: {
    planDump: async (request) => { requests.push(request); if (fail) throw fail; return made },
    startDump: async () => job,
    watch: async function* () { for (const event of events) { await Promise.resolve(); yield event } },
    ...(diff ? { diff: async () => diff } : {}),
  } })
  return { ...fake, requests }
}
const run = async (fake: FakeCli, ...argv: string[]): Promise<number> => runCli(['dump', '-c', 'HI3516EV300', '-o', '/out', '-p', 'rack://10.0.0.7', ...argv], fake.deps)

test('json: plan, phases, progress, and one done with every range', async () => {
  const fake = world()
  expect(await run(fake, '--output', 'json')).toBe(0)
  const events = fake.events()
  expect(new Set(events.map(({ event }) => event))).toEqual(new Set(['log', 'plan', 'phase', 'progress', 'done']))
  expect(events.at(-1)).toEqual({
    event: 'done', success: true, verdict: 'dumped and verified', elapsedMs: 0, exitCode: 0, jobId: 'j1', reportPath: '/data/reports/j1.html',
    ranges: [{ name: 'boot', offset: 0, lengthBytes: 0x40000, crc32: 'cbf43926', sha256: 'a'.repeat(64), path: '/out/mtd0' }],
  })
})

test('the request says what was asked, with an absolute path', async () => {
  const fake = world()
  await runCli(['dump', '-c', 'hi3516ev300', '-o', 'here', '-p', 'tcp://10.0.0.7:9000', '--partition', 'rootfs', '--via', 'md', '--form', 'folder', '--mtdparts', 'x:-(a)', '--host-ip', '10.0.0.1', '--boot', 'own'], fake.deps)
  expect(fake.requests).toEqual([{ cameraId: 'cam-1', outputPath: `${process.cwd()}/here`, form: 'folder', flashType: 'auto', via: 'md', boot: 'own', partition: 'rootfs', mtdparts: 'x:-(a)', hostIp: '10.0.0.1' }])
  expect(fake.targets).toMatchObject([{ url: 'tcp://10.0.0.7:9000', chip: 'hi3516ev300', power: 'manual' }])
})

test('for a person: plan with its warning, the way, the range, the verdict', async () => {
  const fake = world()
  expect(await run(fake)).toBe(0)
  const text = fake.out.lines.join('\n')
  for (const words of ['Warning: slow otherwise', 'tftp to 10.0.0.1:69', '/out/mtd0', 'cbf43926', 'Verdict: dumped and verified']) expect(text).toContain(words)
})

test('plan only: nothing is started', async () => {
  const fake = world({ news: [] })
  expect(await run(fake, '--plan-only', '--output', 'json')).toBe(0)
  expect(fake.events().at(-1)).toMatchObject({ event: 'done', success: true, verdict: null, ranges: [] })
})

test.each([
  ['input/conflict', 2], ['host/disk-full', 4], ['link/unreachable', 3], ['device/no-network', 5],
] as const)('a refusal %s ends with %i', async (code, exit) => {
  const fake = world({ plan: { refusals: [{ code, message: 'no', context: {} }] } })
  expect(await run(fake, '--output', 'json')).toBe(exit)
  expect(fake.events().slice(-2)).toMatchObject([{ event: 'error', code }, { event: 'done', success: false, exitCode: exit }])
})

test('a job that calls itself done without a range is no success', async () => {
  const fake = world({ news: [{ type: 'job-succeeded', verdict: 'dumped and verified', elapsedMs: 1 }] })
  expect(await run(fake, '--output', 'json')).toBe(5)
  expect(fake.events().at(-1)).toMatchObject({ success: false, ranges: [] })
})

test('failed, cancelled and wrongly asked', async () => {
  const error = { code: 'device/wrong-content', message: 'reads differently', context: {} } as const
  expect(await run(world({ news: [{ type: 'job-failed', verdict: 'failed (state known)', elapsedMs: 1, error }] }))).toBe(5)
  expect(await run(world({ news: [{ type: 'job-cancelled', verdict: 'cancelled', elapsedMs: 1 }] }))).toBe(7)
  expect(await run(world({ fail: new WorkbenchError('link/unreachable', 'nobody') }))).toBe(3)
  expect(await run(world(), '--via', 'pigeon')).toBe(2)
  expect(await run(world(), '--form', 'zip')).toBe(2)
  expect(await runCli(['dump', '-o', '/out'], world().deps)).toBe(2)
  expect(await runCli(['dump', '-c', 'hi3516ev300'], world().deps)).toBe(2)
})

const side = { path: '/a', kind: 'folder', totalBytes: 0x20000, warnings: [] } as const
const diff: DumpDiff = {
  a: { ...side, warnings: [] }, b: { ...side, path: '/b', warnings: [] }, same: false, comparedBytes: 0x20000, differingBytes: 3, sectorBytes: 0x10000, sectors: '=x',
  partitions: [{ name: 'boot', offsetBytes: 0, lengthBytes: 0x20000, state: 'different', differingBytes: 3, onlyInABytes: 0, onlyInBBytes: 0, differingSectors: 1, firstDifference: 0x10003 }],
  environment: { offsetInA: 0x10000, offsetInB: 0x10000, variables: 4, changes: [{ name: 'bootcmd', kind: 'changed', a: 'x', b: 'y', isSecret: false }] },
}
test('diff: the table, the map and the variables; the exit code tells a script', async () => {
  const fake = world({ diff })
  expect(await runCli(['diff', 'a', 'b'], fake.deps)).toBe(5)
  const text = fake.out.lines.join('\n')
  for (const words of ['boot', '0x00010003', '=x', '~ bootcmd: x -> y', 'They differ']) expect(text).toContain(words)
  const json = world({ diff: { ...diff, same: true } })
  expect(await runCli(['diff', 'a', 'b', '--output', 'json'], json.deps)).toBe(0)
  expect(JSON.parse(json.out.lines.join())).toMatchObject({ same: true, sectors: '=x' })
  expect(await runCli(['diff', 'a'], world().deps)).toBe(2)
})
