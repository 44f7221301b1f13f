/** Run as a program: a console that says a numbered line every 5 ms, kept in the folder given. It is there to be killed. */
import process from 'node:process'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { createCaptureDisk } from '../../src/main/drivers/storage/captures/captureDisk.ts'
import { openCaptureStore } from '../../src/main/drivers/storage/captures/captureStore.ts'
import { describeProcess, isAlive } from '../../src/main/drivers/storage/processIdentity.ts'
import { captureSettingsSchema } from '../../src/shared/captures/captures.schema.ts'
import type { CameraId } from '../../src/shared/devices/ids.ts'

const store = openCaptureStore({
  folder: process.argv[2] ?? '', clock: createSystemClock(), disk: createCaptureDisk(), self: describeProcess(process.pid) ?? '', isAlive, log: () => undefined,
  settings: captureSettingsSchema.parse({ reserveBytes: 0 }),
})
const tap = store.open({ id: 'cam-1' as CameraId, name: 'Gate', chip: 'hi3516ev300' })
let number = 0
setInterval(() => {
  number += 1
  tap.received(new TextEncoder().encode(`line ${number}\n`))
  process.stdout.write(`${Date.now()} ${number}\n`)
}, 5)
