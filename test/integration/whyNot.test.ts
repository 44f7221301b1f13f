import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { writeBootStandIns } from '../../src/main/sim/standIns.ts'
import type { NewPod } from '../../src/shared/contracts/workbench.contract.ts'
import type { WhyNot } from '../../src/shared/rack/whyNot.schema.ts'

const never = new AbortController().signal
const desk: NewPod = { url: 'tcp://127.0.0.1:9', name: '', cameraName: 'cam-desk', chip: 'hi3516ev300' }
const plug = { kind: 'tasmota', host: 'plug', port: 80, relay: 1, user: 'admin' } as const

async function openAt(folder: string): Promise<OpenWorkbench> {
  const workbench = await createWorkbench({
    host: 'cli', version: 'test', dataFolder: folder, homeFolder: folder, tftpPort: 0, resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined,
  }, { loadRack: true })
  onTestFinished(async () => workbench.close())
  return workbench
}
async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-why-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  return folder
}
const whyOf = (workbench: OpenWorkbench, name: string): readonly WhyNot[] | undefined => workbench.rack.view().pods.flatMap((pod) => pod.cameras).find((camera) => camera.name === name)?.whyNot
const of = (workbench: OpenWorkbench, work: WhyNot['work']): WhyNot | undefined => whyOf(workbench, 'cam-desk')?.find((each) => each.work === work)

test('a camera says what it lacks, and no more once its files are there', async () => {
  const folder = await tempFolder()
  const workbench = await openAt(folder)
  await workbench.setup.add(desk, never)
  await expect.poll(() => of(workbench, 'burn')).toMatchObject({ cannot: true, fix: 'boot-files', sentence: expect.stringContaining('needs a profile and a U-Boot image') as string })
  expect(of(workbench, 'restore')).toMatchObject({ cannot: false, fix: 'boot-files' })
  const standIns = await writeBootStandIns(await tempFolder())
  await mkdir(join(folder, 'profiles'), { recursive: true })
  await cp(standIns.profile, join(folder, 'profiles', 'hi3516ev300.json'))
  await workbench.chips.getUboot({ chip: 'hi3516ev300', file: standIns.uboot }, never)
  await expect.poll(() => of(workbench, 'burn')?.cannot, { timeout: 10_000 }).toBe(false)
  expect(of(workbench, 'burn')?.sentence).toContain('asks you to switch this camera off and on')
}, 15_000)

test('another switch: the reasons follow it, the console goes on, and it is remembered with its password apart', async () => {
  const folder = await tempFolder()
  const workbench = await openAt(folder)
  const { id, cameraId } = await workbench.setup.add(desk, never)
  await expect.poll(() => of(workbench, 'power')).toMatchObject({ cannot: true, fix: 'power' })
  const { console } = workbench.rack.camera(cameraId)
  await workbench.setup.setPower(id, { power: plug, password: 'hunter2' }, never)
  expect(of(workbench, 'power')).toBeUndefined()
  expect(workbench.rack.camera(cameraId).console).toBe(console)
  expect(workbench.rack.view().pods[0]?.cameras[0]).toMatchObject({ powerAbility: 'on-off', powerLabel: 'Tasmota plug plug' })
  expect(await readFile(join(folder, 'rack.json'), 'utf8')).not.toContain('hunter2')
  await workbench.close()

  const again = await openAt(folder)
  await expect.poll(() => again.rack.view().pods[0]?.cameras[0]).toMatchObject({ powerAbility: 'on-off' })
  await again.setup.setPower(id, {}, never)
  expect(again.rack.view().pods[0]?.cameras[0]).toMatchObject({ powerAbility: 'manual' })
  expect(await readFile(join(folder, 'secrets', 'plain.json'), 'utf8')).not.toContain('hunter2')
})

test('a pod switches its own camera and keeps doing so', async () => {
  const workbench = await openAt(await tempFolder())
  const spec = workbench.setup.addForNow({ ...desk, url: 'rack://127.0.0.1:9?api=9' })
  await expect(workbench.setup.setPower(spec.id, { power: plug }, never)).rejects.toMatchObject({ code: 'input/not-supported' })
  await expect.poll(() => of(workbench, 'burn')).toMatchObject({ cannot: true, fix: 'boot-files' })
  expect(of(workbench, 'power')).toBeUndefined()
})
