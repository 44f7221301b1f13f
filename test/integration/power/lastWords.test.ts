import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { freeUdpPort } from '../../support/freePort.ts'

test('what a camera said before its power was cut is no sign of power; what it goes on saying is, because then the switch has lied', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-words-'))
  onTestFinished(async () => rm(folder, { recursive: true }))
  const uart = createServer()
  onTestFinished(async () => { uart.close(); await once(uart, 'close') })
  const opened = once(uart, 'connection') as Promise<[Socket]>
  uart.listen(0, '127.0.0.1')
  await once(uart, 'listening')
  const workbench = await createWorkbench({ host: 'cli', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: await freeUdpPort(), resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined })
  onTestFinished(async () => workbench.close())
  const { cameraId } = workbench.setup.addForNow({ url: `tcp://127.0.0.1:${String((uart.address() as AddressInfo).port)}`, name: '', cameraName: 'front', chip: 'hi3516ev300', power: { kind: 'command', on: ['true'], off: ['true'], limitMs: 5_000 } })
  const [line] = await opened
  line.on('error', () => undefined)
  const camera = () => workbench.rack.view().pods[0]?.cameras[0]
  /** Said, and heard here. */
  const says = async (words: string): Promise<void> => {
    const before = camera()?.bytesReceived ?? 0
    line.write(words)
    await expect.poll(() => camera()?.bytesReceived ?? 0).toBe(before + words.length)
  }
  await says('I am here\r\n')
  expect(camera()?.power).toBe('on')
  await workbench.rack.power(cameraId, 'off', new AbortController().signal)
  await says('I was here\r\n')
  expect(camera()?.power).toBe('off')
  await expect.poll(async () => { await says('I am still here\r\n'); return camera()?.power }, { timeout: 10_000 }).toBe('on')
})
