import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { versionsFolder } from '../../../src/main/core/ota/updater/appliance.ts'
import { type ApplianceLock, applianceHolder, lockLimits, takeApplianceLock, underLock } from '../../../src/main/core/ota/updater/applianceLock.ts'
import { openLocalFs } from '../../../src/main/drivers/deviceFs/localFs.ts'
import { createScaledClock } from '../../../src/main/drivers/host/systemClock.ts'
import { isProcessRunning, markOfThisProcess } from '../../../src/main/drivers/host/processMark.ts'
import { exitCodes } from '../../../src/main/hosts/cli/exitCodes.ts'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import { createSimAppliance } from '../../../src/main/sim/appliance/applianceTree.ts'
import type { ProcessMark } from '../../../src/shared/ota/applianceLock.schema.ts'
import type { Clock } from '../../../src/shared/lifecycle/clock.ts'
import { createFakeCli } from '../../support/fakeCli.ts'
import { createRealClock } from '../../support/realClock.ts'
import { startUpdater } from '../../support/servedProcess.ts'
import { openUpdaterBench } from '../../support/updaterBench.ts'

const { signal } = new AbortController()
const real = createRealClock()
/** The 45 seconds pass in one. */
const quick = createScaledClock(real, 50)

async function rootOf(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'rackbench-lock-'))
  onTestFinished(async () => rm(root, { recursive: true, force: true }))
  return root
}
let ids = 0
interface Taking { readonly who: string; readonly clock?: Clock; readonly process?: ProcessMark; readonly isRunning?: (mark: ProcessMark) => Promise<boolean | undefined>; readonly told?: string[] }
const take = async (root: string, { who, clock = quick, process, isRunning = async () => undefined, told = [] }: Taking): Promise<ApplianceLock> =>
  takeApplianceLock({ fs: await openLocalFs(root), folder: versionsFolder, clock, newId: () => `id-${String(ids += 1)}`, who, process, isRunning, tell: (line) => { told.push(line) } }, signal)
const names = async (root: string): Promise<string[]> => (await readdir(join(root, versionsFolder))).sort()

test('the second is told who has the appliance and since when; given back, nothing is left and the next one has it', async () => {
  const root = await rootOf()
  const first = await take(root, { who: 'anna at desk-3' })
  expect(await applianceHolder(await openLocalFs(root), versionsFolder, signal)).toMatch(/^anna at desk-3 since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC$/)
  await expect(take(root, { who: 'ben at desk-4' })).rejects.toMatchObject({ code: 'pod/busy', message: expect.stringMatching(/is in use by anna at desk-3 since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC/) as string })
  expect(await names(root)).toEqual(['.lock', '.lock.beat'])
  await first.release()
  expect(await readdir(root)).toEqual([])
  const told: string[] = []
  await (await take(root, { who: 'ben at desk-4', told })).release()
  expect(told).toEqual([])
})

test('one that gave no sign for 45 seconds is taken over, which is told; it then changes nothing more, and takes away nothing of the new one', async () => {
  const root = await rootOf()
  // Its computer sleeps: no sign comes, and only the wall clock has gone on when it wakes up.
  let sleptMs = 0
  const asleep: Clock = { ...real, wallMs: () => real.wallMs() + sleptMs, sleep: async (_, over) => real.sleep(1_000_000, over) }
  const first = await take(root, { who: 'anna at desk-3', clock: asleep })
  const files = underLock(await openLocalFs(root), first)
  await files.write('note', [new TextEncoder().encode('still mine')], signal)
  const told: string[] = []
  const second = await take(root, { who: 'ben at desk-4', told })
  expect(told).toEqual([expect.stringContaining('looking whether that is still alive'), expect.stringMatching(/^anna at desk-3 had this appliance since .* and is gone; it is taken over$/)])
  sleptMs = lockLimits.staleMs
  await expect(files.write('note', [new TextEncoder().encode('too late')], signal)).rejects.toMatchObject({ code: 'link/closed', message: expect.stringContaining('somebody else took over') as string })
  await expect(files.remove('note', signal)).rejects.toMatchObject({ code: 'link/closed' })
  expect(await readFile(join(root, 'note'), 'utf8')).toBe('still mine')
  await first.release()
  expect(await applianceHolder(await openLocalFs(root), versionsFolder, signal)).toMatch(/^ben at desk-4/)
  await second.release()
})

test('a process of the appliance has it for as long as it lives; where nobody can tell, it is left to it with what to do', async () => {
  const root = await rootOf()
  const mark = await markOfThisProcess()
  await take(root, { who: 'the updater', process: mark })
  expect(await names(root)).toEqual(['.lock'])
  await expect(take(root, { who: 'another', isRunning: async (given) => isProcessRunning(given) })).rejects.toMatchObject({ code: 'pod/busy' })
  await expect(take(root, { who: 'another' })).rejects.toMatchObject({ code: 'pod/busy', hint: expect.stringContaining(`If process ${String(process.pid)} does not run there any more`) as string })
  // The same number, given to another process since.
  await rm(join(root, versionsFolder, '.lock'))
  await take(root, { who: 'the updater', process: { ...mark, began: `${mark.began}1` } })
  await (await take(root, { who: 'another', isRunning: async (given) => isProcessRunning(given) })).release()
  expect(await isProcessRunning({ pid: 2 ** 22 + 1, began: 'boot/1' })).toBe(false)
})

test('what lies there and is no lock of ours is told, and stays', async () => {
  const root = await rootOf()
  await mkdir(join(root, versionsFolder), { recursive: true })
  await writeFile(join(root, versionsFolder, '.lock'), 'x')
  await expect(take(root, { who: 'x' })).rejects.toMatchObject({ code: 'device/refused', message: expect.stringContaining('no lock of ours') as string })
  await rm(join(root, versionsFolder, '.lock'))
  // One whose words nobody can read is watched all the same.
  await symlink('nonsense', join(root, versionsFolder, '.lock'))
  await (await take(root, { who: 'x' })).release()
})

test('two updaters of one root, as processes: the second ends with 4 and says who has it; one that was killed is no hindrance', async () => {
  const root = await rootOf()
  await createSimAppliance({ root, versions: ['1.0.0', '1.1.0'] })
  const first = await startUpdater(root)
  await mkdir(join(root, 'tmp'), { recursive: true })
  await writeFile(join(root, 'tmp/half.zip'), 'half of what the first one is fetching')
  const fake = createFakeCli({})
  expect(await runCli(['updater', 'serve', '--root', root, '--port', '0', '--report', 'none', '--systemctl', join(root, 'usr/bin/systemctl'), '--output', 'json'], fake.deps)).toBe(exitCodes.busyOrHost)
  expect(fake.events()[0]).toMatchObject({ code: 'pod/busy', exitCode: 4, message: expect.stringMatching(new RegExp(`in use by the updater of .*process ${String(first.pid)}\\) since \\d{4}-`)) as string, hint: 'Wait for it to end, or end it' })
  expect(await readdir(join(root, 'tmp'))).toEqual(['half.zip'])
  await first.end('SIGKILL')
  expect(await readlink(join(root, versionsFolder, '.lock'))).toContain(`"pid":${String(first.pid)}`)
  const second = await startUpdater(root)
  expect(await readlink(join(root, versionsFolder, '.lock'))).toContain(`"pid":${String(second.pid)}`)
  expect(await second.end('SIGTERM')).toBe(0)
  expect(await names(root)).toEqual(['current', 'factory', 'previous', 'v1.0.0', 'v1.1.0'])
}, 60_000)

test('while somebody works on an appliance, the command makes no factory version of it; once they are gone it does, and gives it back', async () => {
  const root = await rootOf()
  await createSimAppliance({ root, versions: ['1.0.0', '1.1.0'] })
  await rm(join(root, versionsFolder, 'factory'))
  const typed = async (): Promise<{ readonly code: number; readonly said: unknown }> => {
    const fake = createFakeCli()
    return { code: await runCli(['updater', 'factory', '--root', root, '--output', 'json'], fake.deps), said: fake.events()[0] }
  }
  const overSsh = await take(root, { who: 'anna at desk-3', clock: real })
  const beside = typed()
  await expect(beside).resolves.toMatchObject({ code: exitCodes.busyOrHost, said: { code: 'pod/busy', message: expect.stringContaining('is in use by anna at desk-3 since') as string, hint: 'Wait for it to end, or cancel it there' } })
  await overSsh.release()
  const updater = await startUpdater(root)
  expect(await typed()).toMatchObject({ code: exitCodes.busyOrHost, said: { code: 'pod/busy', message: expect.stringContaining('is in use by the updater of') as string } })
  expect(await names(root)).not.toContain('factory')
  await updater.end('SIGKILL')
  expect(await typed()).toMatchObject({ code: exitCodes.success, said: { version: '1.1.0' } })
  expect(await names(root)).toEqual(['current', 'factory', 'previous', 'v1.0.0', 'v1.1.0'])
}, 60_000)

test('an updater whose port is taken gives the appliance back', async () => {
  const bench = await openUpdaterBench()
  await bench.stop()
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => { other.close() })
  await once(other, 'listening')
  await expect(bench.start({ port: (other.address() as AddressInfo).port })).rejects.toMatchObject({ code: 'host/port-in-use' })
  expect(await names(bench.root)).not.toContain('.lock')
})
