import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { detectOnLine } from '../../src/main/composition/lineTools.ts'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { evFamilyRom, type RomQuirks } from '../../src/main/sim/bootrom/romOptions.ts'
import { writeReferenceLayout } from '../../src/main/sim/referenceLayout.ts'
import { serveSimRack } from '../../src/main/sim/serveSimRack.ts'
import { createSimRack, type SimPodHandle } from '../../src/main/sim/simRack.ts'
import { createUdpNetwork } from '../../src/main/sim/udpNetwork.ts'
import type { CameraId } from '../../src/shared/devices/ids.ts'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import { burnRequestSchema } from '../../src/shared/burn/burn.schema.ts'
import { restoreRequestSchema, type RestorePlan, type RestoreRequest } from '../../src/shared/restore/restore.schema.ts'
import { freeUdpPort } from '../support/freePort.ts'
import { createRouterOsStandIn, type RouterOsStandIn } from '../support/routerOsStandIn.ts'

const never = new AbortController().signal

interface Desk {
  readonly workbench: OpenWorkbench
  readonly camera: SimPodHandle
  readonly folder: string
  readonly url: string
  readonly rfc2217: string
  readonly request: (cameraId: CameraId, more?: Partial<RestoreRequest>) => RestoreRequest
  plan(cameraId: CameraId, more?: Partial<RestoreRequest>): Promise<RestorePlan>
  restore(cameraId: CameraId, more?: Partial<RestoreRequest>): Promise<Job>
}

/** A camera on a desk: its UART on TCP and RFC 2217, no pod that anybody may ask, our own TFTP. */
async function openDesk(quirks: RomQuirks = {}, ask?: (question: string, signal: AbortSignal, camera: SimPodHandle) => Promise<void>): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-desk-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const clock = createSystemClock()
  // The stand-in profile has a PRESTEP0, so this ROM wants to be woken by frames.
  const rack = createSimRack({ clock, pods: 1, speed: 'fast', network: createUdpNetwork(), cameraAddress: '127.0.0.1', bootRomOnUart: { ...evFamilyRom, quirks: { wantsBlast: true, ...quirks } } })
  onTestFinished(async () => rack.close())
  const served = await serveSimRack({ rack, host: '127.0.0.1', portBase: 0, rfc2217Base: 0, clock, log: () => undefined, folder })
  onTestFinished(async () => served.close())
  const imagesFolder = join(folder, 'images')
  await writeReferenceLayout(imagesFolder)
  const [camera] = rack.pods
  const [announced] = served.announcement.pods
  if (!camera || !announced?.rfc2217) throw new Error('no camera')
  const workbench = await createWorkbench({
    host: 'cli', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: await freeUdpPort(),
    resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined,
  }, ask ? { ask: async (question, signal) => ask(question, signal, camera) } : {})
  onTestFinished(async () => workbench.close())
  const { profile, uboot } = served.announcement.boot
  const request: Desk['request'] = (cameraId, more = {}) =>
    restoreRequestSchema.parse({ cameraId, inputPath: imagesFolder, profilePath: profile, ubootPath: uboot, hostIp: '127.0.0.1', ...more })
  const plan: Desk['plan'] = async (cameraId, more) => workbench.desk.plan(request(cameraId, more), never)
  return {
    workbench, camera, folder, url: announced.uart, rfc2217: announced.rfc2217, request, plan,
    restore: async (cameraId, more) => {
      const id = await workbench.desk.start(request(cameraId, more), (await plan(cameraId, more)).hash, never)
      for await (const event of workbench.jobs.events(id, 0, never)) void event
      return workbench.jobs.get(id)
    },
  }
}

/** A PoE switch whose port feeds the camera. */
async function openSwitch(camera: SimPodHandle): Promise<{ readonly standIn: RouterOsStandIn; readonly port: number }> {
  const standIn = createRouterOsStandIn(createSystemClock())
  const port = await standIn.listen()
  let was = standIn.isPowered('ether3')
  const follow = setInterval(() => {
    const is = standIn.isPowered('ether3')
    if (is !== was) camera.pod.power(is ? 'on' : 'off', never).catch(() => undefined)
    was = is
  }, 5)
  onTestFinished(async () => { clearInterval(follow); await standIn.close() })
  return { standIn, port }
}

/** A running camera, as most are when a job begins. */
async function untilLinux({ camera }: Desk): Promise<void> {
  await camera.pod.power('on', never)
  await expect.poll(() => camera.camera.where, { timeout: 20_000 }).toBe('linux')
}

/** A serial device of this computer, with the camera's UART behind it. */
async function openSerialCable(uart: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-cable-'))
  const device = join(folder, 'tty')
  const { host } = new URL(uart)
  const socat = spawn('socat', [`pty,raw,echo=0,link=${device}`, `tcp:${host},forever,interval=0.1`], { stdio: 'ignore' })
  onTestFinished(async () => {
    const ended = once(socat, 'exit')
    socat.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  })
  await expect.poll(async () => stat(device).then(() => true, () => false), { timeout: 10_000 }).toBe(true)
  return device
}

/** A bridge that has the camera's power: DTR low cuts it, DTR high gives it back, on the connection of the UART. */
async function openVectisBridge({ rfc2217, camera }: Desk): Promise<{ readonly url: string; readonly pulses: () => number; readonly clients: () => number }> {
  const { hostname, port } = new URL(rfc2217)
  const sockets: { destroy(): unknown }[] = []
  let pulses = 0
  let clients = 0
  const server = createServer((socket) => {
    clients += 1
    const uart = connect(Number(port), hostname)
    for (const each of [socket, uart]) { sockets.push(each); each.on('error', () => undefined) }
    socket.pipe(uart).pipe(socket)
    let isLow = false
    // One after the other: a machine that stood still for a while hears both lines at once.
    let switching = Promise.resolve()
    const power = (to: 'on' | 'off'): void => { switching = switching.then(async () => { await camera.pod.power(to, never) }).catch(() => undefined) }
    socket.on('data', (bytes: Buffer) => {
      const hex = bytes.toString('hex')
      if (!isLow && hex.includes('fffa2c0509fff0')) { isLow = true; power('off') }
      if (isLow && hex.includes('fffa2c0508fff0')) { isLow = false; pulses += 1; power('on') }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => { for (const each of sockets) each.destroy(); await new Promise((resolve) => { server.close(resolve) }) })
  return { url: `rfc2217://127.0.0.1:${(server.address() as AddressInfo).port}`, pulses: () => pulses, clients: () => clients }
}

const bySwitch = (port: number): { environment: Record<string, string>; poePort: string; linePath: undefined } => ({
  environment: { DEFIB_POWER_TYPE: 'routeros', DEFIB_POE_HOST: '127.0.0.1', DEFIB_POE_API_PORT: String(port), DEFIB_POE_PASS: 'secret' }, poePort: 'ether3', linePath: undefined,
})
const asCamera = (url: string) => ({ url, name: '', cameraName: '', chip: 'hi3516ev300' })

const hasSocat = spawnSync('socat', ['-V']).status === 0
if (!hasSocat && process.env['CI'] === 'true') throw new Error('socat is missing, and in CI no test is skipped: install socat')
const lines = ['url', 'rfc2217', ...(hasSocat ? ['serial'] as const : [])] as const

test.each(lines)('a camera on a PoE switch, over its %s: boot ROM, our TFTP, proof, boot', async (line) => {
  const desk = await openDesk()
  const address = line === 'serial' ? await openSerialCable(desk.url) : desk[line]
  const { standIn, port } = await openSwitch(desk.camera)
  const { cameraId } = desk.workbench.setup.addForNow(asCamera(address), bySwitch(port))
  const plan = await desk.plan(cameraId)
  expect(plan).toMatchObject({ refusals: [], boot: { method: 'boot-rom' }, tftp: { via: 'host' } })
  expect(plan.boot.blobBytes).toBeGreaterThan(0)
  const job = await desk.restore(cameraId)
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('restored and booted')
  for (const part of job.partitions) expect(part.readBackCrc32).toBe(part.crc32)
  expect(standIn.switchings.length).toBeGreaterThanOrEqual(2)
  expect(standIn.isPowered('ether3')).toBe(true)
}, 60_000)

test('without boot files its own U-Boot is stopped by the switch, and nobody is asked to stand by', async () => {
  const asked: string[] = []
  const desk = await openDesk({}, async (question) => { asked.push(question) })
  const { standIn, port } = await openSwitch(desk.camera)
  await untilLinux(desk)
  const { cameraId } = desk.workbench.setup.addForNow(asCamera(desk.url), bySwitch(port))
  const without = { profilePath: undefined, ubootPath: undefined }
  expect((await desk.plan(cameraId, without)).boot).toMatchObject({ method: 'manual', switchedBy: expect.stringContaining('RouterOS switch') as string })
  const job = await desk.restore(cameraId, without)
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('restored and booted')
  expect(asked).toEqual([])
  expect(standIn.switchings.length).toBeGreaterThanOrEqual(2)
  expect(standIn.isPowered('ether3')).toBe(true)
}, 60_000)

test('without boot files a switch that refuses the password ends it before anything is written, with the power as it was', async () => {
  const desk = await openDesk()
  const { standIn, port } = await openSwitch(desk.camera)
  await untilLinux(desk)
  standIn.behaviour.password = 'another'
  const { cameraId } = desk.workbench.setup.addForNow(asCamera(desk.url), bySwitch(port))
  const job = await desk.restore(cameraId, { profilePath: undefined, ubootPath: undefined })
  expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)' })
  expect(job.error?.message).toMatch(/power cycle failed.*password|power cycle failed.*log/i)
  expect(standIn.isPowered('ether3')).toBe(true)
  expect(desk.camera.camera.flashTouched).toBe(false)
}, 60_000)

test('by hand: the question is asked, taken away when the boot ROM answers, and never counts as done by itself', async () => {
  const asked: { question: string; taken: boolean }[] = []
  const desk = await openDesk({}, async (question, signal, camera) => {
    const one = { question, taken: false }
    asked.push(one)
    await camera.pod.power('off', never)
    await camera.pod.power('on', never)
    // The person does not come back to press a button.
    await new Promise<void>((resolve) => { signal.addEventListener('abort', () => { one.taken = true; resolve() }, { once: true }) })
  })
  const { cameraId } = desk.workbench.setup.addForNow(asCamera(desk.url))
  const job = await desk.restore(cameraId)
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('restored and booted')
  expect(asked).toHaveLength(1)
  expect(asked[0]).toMatchObject({ taken: true })
  expect(asked[0]?.question).toContain('power')
}, 60_000)

test('a wrong password of the switch ends before anything is written, and says so', async () => {
  const desk = await openDesk()
  const { standIn, port } = await openSwitch(desk.camera)
  standIn.behaviour.password = 'another'
  const { cameraId } = desk.workbench.setup.addForNow(asCamera(desk.url), bySwitch(port))
  const job = await desk.restore(cameraId)
  expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)' })
  expect(job.error?.message).toMatch(/password|user|log/i)
  expect(JSON.stringify(job)).not.toContain('secret')
  expect(desk.camera.camera.flashTouched).toBe(false)
}, 60_000)

test('a Vectis bridge is refused for a restore, with the ways out', async () => {
  const desk = await openDesk()
  const { cameraId } = desk.workbench.setup.addForNow(asCamera(desk.rfc2217), { environment: { DEFIB_POWER_TYPE: 'vectis', DEFIB_VECTIS_HOST: '127.0.0.1' }, poePort: undefined, linePath: undefined })
  const plan = await desk.plan(cameraId)
  expect(plan.refusals).toEqual([expect.objectContaining({ code: 'pod/no-power-control' })])
  expect(plan.refusals[0]?.hint).toContain('RouterOS')
})

test('a U-Boot is loaded through a Vectis bridge, its power pulsed on the one connection of the UART', async () => {
  const desk = await openDesk()
  const bridge = await openVectisBridge(desk)
  const { cameraId } = desk.workbench.setup.addForNow(asCamera(bridge.url), { environment: { DEFIB_POWER_TYPE: 'vectis', DEFIB_VECTIS_HOST: '127.0.0.1' }, poePort: undefined, linePath: undefined })
  const { profilePath, ubootPath } = desk.request(cameraId)
  const plan = await desk.workbench.burns.plan(burnRequestSchema.parse({ cameraId, profilePath, ubootPath }))
  expect(plan.refusals).toEqual([])
  const id = await desk.workbench.burns.start(plan.request, plan.hash)
  for await (const event of desk.workbench.jobs.events(id, 0, never)) void event
  const job = desk.workbench.jobs.get(id)
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('U-Boot is running')
  expect(bridge.pulses()).toBeGreaterThanOrEqual(1)
  // A second connection would be refused by such a bridge.
  expect(bridge.clients()).toBe(1)
}, 60_000)

test('without boot files the camera\'s own U-Boot is stopped; asking for an upload names the missing files', async () => {
  const desk = await openDesk()
  const { cameraId } = desk.workbench.setup.addForNow(asCamera(desk.url))
  const without = { profilePath: undefined, ubootPath: undefined }
  expect((await desk.plan(cameraId, without)).boot.method).toBe('manual')
  const plan = await desk.plan(cameraId, { ...without, boot: 'upload' })
  expect(plan.refusals.map(({ code }) => code)).toEqual(['input/missing-file', 'input/missing-file'])
  expect((await desk.plan(cameraId, { boot: 'own' })).boot.method).toBe('manual')
})

test('the family of a boot ROM is found over the line, with the switch of the environment', async () => {
  const desk = await openDesk({ wantsBlast: false })
  const { standIn, port } = await openSwitch(desk.camera)
  const { environment, poePort } = bySwitch(port)
  const found = await detectOnLine({
    dataFolder: desk.folder,
    url: desk.rfc2217, power: { environment, poePort, linePath: undefined }, environment: {}, budgetMs: 40_000, ask: async () => undefined, tell: () => undefined,
  }, never)
  expect(found.protocol).toBe('standard')
  expect(standIn.isPowered('ether3')).toBe(true)
}, 60_000)

test('without a switch a person is asked, the boot ROM is found when they have done it, and the question is taken away', async () => {
  const desk = await openDesk({ wantsBlast: false })
  const asked: { question: string; taken: boolean }[] = []
  const found = await detectOnLine({
    dataFolder: desk.folder, url: desk.rfc2217, power: undefined, environment: {}, budgetMs: 40_000, tell: () => undefined,
    ask: async (question, signal) => {
      const one = { question, taken: false }
      asked.push(one)
      await desk.camera.pod.power('off', never)
      // As long as a hand takes: what is not silent for a while has not lost its power.
      await createSystemClock().sleep(1_500, never)
      await desk.camera.pod.power('on', never)
      await new Promise<void>((resolve) => { signal.addEventListener('abort', () => { one.taken = true; resolve() }, { once: true }) })
    },
  }, never)
  expect(found.protocol).toBe('standard')
  expect(asked).toEqual([{ question: 'Switch the camera off and on now', taken: true }])
}, 60_000)
