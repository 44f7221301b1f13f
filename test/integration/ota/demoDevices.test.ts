import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { demoApplianceId, demoBoardId } from '../../../src/main/composition/demoDevices.ts'
import { demoGatewayId } from '../../../src/main/composition/demoGateway.ts'
import { installedSshd } from '../../../src/main/sim/appliance/applianceSshd.ts'
import { isFinished } from '../../../src/shared/jobs/reduceJob.ts'
import { never } from '../../support/otaRig.ts'

test('the demo has an appliance and a real MicroPython; both are there with it and gone with it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-demo-devices-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const workbench = await createWorkbench({ host: 'cli', version: '0.0.0-test', dataFolder: folder, homeFolder: folder, tftpPort: 0, resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined, fetch })
  onTestFinished(async () => workbench.close())
  const { deviceUpdates: desk } = workbench
  expect(await desk.list()).toEqual([])
  await workbench.setup.openDemo()
  const appliance = await desk.read(demoApplianceId, never)
  expect(appliance).toMatchObject({ isDemo: true, reading: { version: '1.1.0', previous: '1.0.0' } })
  expect(appliance.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
  expect((await desk.releases(demoApplianceId, never)).map(({ version }) => version)).toEqual(['1.3.0', '1.2.0'])
  // Behind OpenSSH where there is one; elsewhere that is said, and the demo is none the worse.
  const gateway = await desk.read(demoGatewayId, never)
  expect(gateway).toMatchObject({ isDemo: true, problem: { code: installedSshd() === undefined ? 'input/not-supported' : 'device/wrong-identity' } })
  expect(await desk.read(demoBoardId, never)).toMatchObject({ isDemo: true, reading: { version: 'v1.0.0' } })
  const wish = { deviceId: demoBoardId, act: 'update', version: 'v1.1.0' } as const
  const plan = await desk.plan(wish, never)
  expect(plan).toMatchObject({ from: 'v1.0.0', deletes: ['lib/legacy.py'], refusals: [] })
  const id = await desk.start(wish, plan.hash, never)
  for await (const event of workbench.jobs.events(id, 0, never)) if (event.type.startsWith('job-') && isFinished(workbench.jobs.get(id))) break
  expect(workbench.jobs.get(id)).toMatchObject({ state: 'succeeded', verdict: 'updated and read back', versionRead: 'v1.1.0' })
  expect(workbench.audit.list({ limit: 5 }).map(({ what, subject }) => `${what} ${subject}`)).toContain('update device sim-board')

  await expect(desk.remove(demoApplianceId)).rejects.toMatchObject({ code: 'input/not-supported' })
  await workbench.setup.closeDemo()
  expect(await desk.list()).toEqual([])
  await expect(fetch(appliance.address)).rejects.toThrow()
  await expect(access(dirname(appliance.releases))).rejects.toMatchObject({ code: 'ENOENT' })
}, 60_000)

test('started as a window is, by the folder of the program, the board leaves the input of the process alone', async () => {
  const root = join(import.meta.dirname, '../../..')
  // Where the package really lies: the folder of packages may be a link.
  const start = dirname(await realpath(join(root, 'node_modules')))
  const program = `process.argv.push(${JSON.stringify(start)}, 'no-file')
    const { openMicroPythonBoard } = await import(${JSON.stringify(pathToFileURL(join(root, 'src/main/sim/microPythonBoard.ts')).href)})
    const board = await openMicroPythonBoard({ rawPaste: 'refused' })
    const said = board.python('print(6*7)')
    await new Promise((resolve) => { setImmediate(resolve) })
    console.log(JSON.stringify({ said, words: process.argv.slice(1), listeners: process.stdin.listenerCount('data') }))
    await board.close()`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['pipe', 'pipe', 'pipe'], timeout: 30_000 })
  const read = async (stream: AsyncIterable<Buffer>): Promise<string> => { let all = ''; for await (const piece of stream) all += piece.toString(); return all }
  const [said, errors, [code]] = await Promise.all([read(child.stdout), read(child.stderr), once(child, 'exit') as Promise<[number | null]>])
  expect([code, errors.includes('Error')]).toEqual([0, false])
  expect(JSON.parse(said)).toEqual({ said: expect.stringContaining('42') as string, words: [start, 'no-file'], listeners: 0 })
})
