import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import type { ConsoleRule } from '../../../src/shared/consoles/consoleTools.schema.ts'
import type { CameraId } from '../../../src/shared/devices/ids.ts'
import { dumpRecordSchema } from '../../../src/shared/dump/dumpRecord.schema.ts'
import { freeUdpPort } from '../../support/freePort.ts'

const never = new AbortController().signal
const cameraId = 'demo-cam-01' as CameraId
const soon = { timeout: 20_000 } as const

interface Bench {
  readonly workbench: OpenWorkbench
  readonly dumps: string
  /** As the camera would: a whole line of its own. */
  say(line: string): void
  told(): string[]
}
async function bench(...rules: readonly Partial<ConsoleRule>[]): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-rules-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const workbench = await createWorkbench({
    host: 'cli', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: await freeUdpPort(), resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined,
  })
  onTestFinished(async () => workbench.close())
  await workbench.setup.openDemo()
  const dumps = join(folder, 'dumps')
  await workbench.consoles.save({
    rules: rules.map((more, at) => ({ id: `rule-${String(at)}`, name: `Rule ${String(at)}`, on: true, match: { kind: 'words', any: ['flash is going'] }, tone: 'bad', notify: true, run: { what: 'dump', folder: dumps, everyMinutes: 1 }, ...more })),
  })
  const told: string[] = []
  const stop = new AbortController()
  onTestFinished(() => { stop.abort() })
  const follow = async (): Promise<void> => { for await (const hits of workbench.consoles.rules.watch({ cameraId, after: 0 }, stop.signal)) told.push(...hits.map(({ rule, line }) => `${rule}: ${line}`)) }
  follow().catch(() => undefined)
  await expect.poll(() => workbench.rack.camera(cameraId).console.stats().state).toBe('open')
  let position = 10_000_000
  return {
    workbench, dumps, told: () => told,
    say: (line) => {
      const bytes = new TextEncoder().encode(`${line}\r\n`)
      workbench.consoles.rules.received(cameraId, bytes, position)
      position += bytes.length
    },
  }
}
const alarmOf = ({ workbench }: Bench): string => workbench.consoles.rules.alarms(cameraId)?.words ?? ''

test('a rule starts a dump, says so, and its alarm says how it ended: verified, every byte on the disk', async () => {
  const made = await bench({})
  made.say('ubi0 error: the flash is going')
  await expect.poll(() => made.told().at(-1), soon).toMatch(/^Rule 0: a dump into .*\/dumps\/cam-01-\d{14} was started by this rule$/)
  // What it says while it is dumped starts no second one, however often.
  made.say('the flash is going')
  const [job] = made.workbench.jobs.list()
  expect(job).toMatchObject({ workflow: 'dump', camera: cameraId })
  await expect.poll(() => made.told().at(-1), { timeout: 110_000 }).toMatch(/^Rule 0: the dump into .* ended: dumped and verified$/)
  expect(alarmOf(made)).toContain('ended: dumped and verified')
  expect(made.workbench.jobs.list()).toHaveLength(1)
  const [place = ''] = await readdir(made.dumps)
  expect((await readdir(join(made.dumps, place))).toSorted()).toEqual(['dump.json', 'mtd0', 'mtd1', 'mtd2', 'mtd3', 'mtd4'])
  const record = dumpRecordSchema.parse(JSON.parse(await readFile(join(made.dumps, place, 'dump.json'), 'utf8')))
  expect(record.parts.map(({ sha256 }) => sha256)).toEqual(made.workbench.jobs.list()[0]?.dumped.map(({ sha256 }) => sha256))
}, 120_000)

test('two rules that meet one line start one dump; the other says who is at work', async () => {
  const made = await bench({}, { name: 'Second' })
  made.say('the flash is going')
  await expect.poll(() => made.told(), soon).toContain('Second: not run: the rule "Rule 0" is still at work on this camera')
  await expect.poll(() => made.told().some((line) => line.includes('was started by this rule')), soon).toBe(true)
  expect(made.workbench.jobs.list()).toHaveLength(1)
})

test('a camera that is in use, or set aside, is left alone, and the alarm says why', async () => {
  const made = await bench({}, { match: { kind: 'words', any: ['once more'] }, name: 'Second' })
  const { workbench } = made
  await workbench.consoles.startScript(cameraId, { name: 'Wait', text: 'wait 10m' }, { id: 'viewer-0001', name: 'Ann' })
  made.say('the flash is going')
  await expect.poll(() => alarmOf(made), soon).toMatch(/^Rule 0: not run: cam-01 is in use by script Wait of Ann/)
  workbench.consoles.scripts.stop(cameraId)
  await workbench.consoles.scripts.follow(cameraId, () => undefined, AbortSignal.timeout(20_000))
  await workbench.inventories.change(cameraId, { maintenance: { note: 'lens is being glued' } }, never)
  made.say('once more')
  await expect.poll(() => alarmOf(made), soon).toMatch(/^Second: not run: cam-01 is in maintenance since .*: lens is being glued/)
  expect(workbench.jobs.list()).toEqual([])
  await expect(readdir(made.dumps)).rejects.toMatchObject({ code: 'ENOENT' })
})
