import { afterEach, expect, test } from 'vitest'
import { createPodTftpBackend } from '../../src/main/drivers/tftp/podTftpBackend.ts'
import { decodeEnvironment, encodeEnvironment, environmentOffset } from '../../src/main/sim/environment.ts'
import { cameraIdSchema, podIdSchema } from '../../src/shared/devices/ids.ts'
import type { TftpBackend } from '../../src/shared/devices/tftpBackend.ts'
import { createRig, type Rig } from '../support/restoreRig.ts'

let rig: Rig | undefined
afterEach(async () => { await rig?.close(); rig = undefined })

/** A server that hands out something else than it was given. */
function dishonest(open: Rig, change: (bytes: Uint8Array) => Uint8Array): TftpBackend {
  const honest = createPodTftpBackend({ pod: open.pod.pod, serverAddress: '192.168.1.1', cameraAddress: '192.168.1.20' })
  return {
    ...honest,
    stage: async (name, bytes, signal) => ({ ...await honest.stage(name, change(bytes), signal), lengthBytes: bytes.length }),
  }
}

test('an image that is damaged in RAM is never written: nothing is erased', async () => {
  rig = createRig()
  const backend = dishonest(rig, (bytes) => bytes.map((byte, index) => (index === 1000 ? byte ^ 1 : byte)))
  const job = await rig.restore({ backend })
  expect(job).toMatchObject({ verdict: 'failed (state known)', error: { code: 'device/wrong-content' } })
  expect(rig.pod.camera.flashTouched).toBe(false)
})

test('a short file is never written, whatever its CRC', async () => {
  rig = createRig()
  const job = await rig.restore({ backend: dishonest(rig, (bytes) => bytes.subarray(0, bytes.length - 512)) })
  expect(job).toMatchObject({ verdict: 'failed (state known)', error: { code: 'link/garbled' } })
  expect(rig.pod.camera.flashTouched).toBe(false)
})

test('every command that names flash carries an explicit length', async () => {
  rig = createRig()
  await rig.restore()
  const touching = rig.pod.camera.commands.filter((line) => /^sf (erase|write|read)/.test(line))
  expect(touching.length).toBeGreaterThan(8)
  for (const line of touching) expect(line).toMatch(/^sf (?:erase 0x[0-9a-f]+ 0x[1-9a-f][0-9a-f]*|(?:write|read) 0x[0-9a-f]+ 0x[0-9a-f]+ 0x[1-9a-f][0-9a-f]*)$/)
  // The NOR is probed before it is read or changed. Which kinds of flash are asked for, and when, is in restoreFlashKind.test.ts.
  expect(rig.pod.camera.commands.findIndex((line) => line.startsWith('sf probe'))).toBeLessThan(rig.pod.camera.commands.findIndex((line) => /^sf (erase|write|read)/.test(line)))
})

test('the load address is the chip\'s own', async () => {
  rig = createRig()
  const job = await rig.restore()
  expect(job.plan).toMatchObject({ loadAddress: 0x42000000 })
  expect(rig.pod.camera.commands.some((line) => line.startsWith('tftpboot 0x42000000 '))).toBe(true)
})

test.each([['0x82000000', false], ['0x80000000', false], ['0x42000000', true], ['elsewhere', true]])('a U-Boot whose RAM is at %s: %s to go on with an image for 0x42000000', async (baseaddr, mayGoOn) => {
  rig = createRig()
  const { cells } = rig.pod.camera
  const variables = new Map(decodeEnvironment(cells.slice(environmentOffset, environmentOffset + 0x10000)))
  const image = encodeEnvironment(variables.set('baseaddr', baseaddr))
  cells.set(image ?? [], environmentOffset)
  const job = await rig.restore()
  expect(job.state).toBe(mayGoOn ? 'succeeded' : 'failed')
  if (mayGoOn) return
  expect(job).toMatchObject({ verdict: 'failed (state known)', error: { code: 'device/wrong-identity', message: `U-Boot says RAM is at ${baseaddr}, the plan loads to 0x42000000`, hint: 'The chip name is wrong for this camera' } })
  expect(rig.pod.camera.flashTouched).toBe(false)
})

test('work that calls itself done without a proof is a bug of ours and no success', async () => {
  rig = createRig()
  const { plan } = await rig.prepare()
  const id = rig.jobs.start({
    workflow: 'restore', title: 'liar', pod: podIdSchema.parse('pod-1'), camera: cameraIdSchema.parse('cam-1'), plan,
    run: async () => ({ verdict: 'restored and booted' }),
  })
  expect(await rig.finish(id)).toMatchObject({ state: 'failed', error: { code: 'internal/bug' } })
})
