import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { createConsole } from '../../src/main/core/consoles/consoleHub.ts'
import { openTransport } from '../../src/main/drivers/transports/openTransport.ts'
import { parseTransportUrl } from '../../src/main/drivers/transports/transportUrl.ts'
import { openUsbTransport } from '../../src/main/drivers/transports/usbTransport.ts'
import { cameraIdSchema } from '../../src/shared/devices/ids.ts'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import { openPtyPair, type PtyPair } from '../support/farEnds.ts'
import { createRealClock } from '../support/realClock.ts'

const hasSocat = spawnSync('socat', ['-V']).status === 0
if (!hasSocat && process.env['CI'] === 'true') throw new Error('socat is missing, and in CI no test is skipped: install socat')
if (!hasSocat) process.stderr.write('SKIPPED: an adapter that is plugged in again, because socat is not installed (apt-get install socat)\n')

const clock = createRealClock()
const limit = (): AbortSignal => AbortSignal.timeout(10_000)
const identity = 'usb://0403:6001/A5XK3RJT'

async function say(pair: PtyPair, text: string): Promise<void> {
  const far = await openTransport(parseTransportUrl(pair.far), { clock, signal: limit() })
  await far.write(new TextEncoder().encode(text), limit())
  // A terminal that closes takes with it what nobody has read yet.
  await clock.sleep(50, limit())
  await far.close()
}

describe.runIf(hasSocat)('an adapter that is pulled and plugged in again', () => {
  test('is open again under its new name, and the history has a visible gap', async () => {
    const first = await openPtyPair()
    let plugged: string | undefined = first.near
    const looked: string[] = []
    const find = async (wanted: string) => {
      looked.push(wanted)
      if (plugged === undefined) throw new WorkbenchError('link/unreachable', `The adapter ${wanted} is not plugged in`)
      return { device: plugged }
    }
    const hub = createConsole({
      cameraId: cameraIdSchema.parse('camera-1'), clock, log: () => undefined, open: async (signal) => openUsbTransport({ label: identity, identity }, clock, signal, find),
    })
    await expect.poll(() => hub.stats().state, { timeout: 5_000 }).toBe('open')
    await say(first, 'before the pull\r\n')
    await expect.poll(() => hub.tail(4_096), { timeout: 5_000 }).toContain('before the pull')

    plugged = undefined
    await first.kill()
    await expect.poll(() => hub.stats().note, { timeout: 8_000 }).toContain('is not plugged in')
    const second = await openPtyPair()
    plugged = second.near
    await expect.poll(() => hub.stats().state, { timeout: 8_000 }).toBe('open')
    await say(second, 'after the pull\r\n')
    await expect.poll(() => hub.tail(4_096), { timeout: 5_000 }).toContain('after the pull')

    expect(hub.tail(4_096)).toMatch(/before the pull[^]*--- .* console line lost: [^]*--- .* console line open again after [\d.]+ s; what came in between may be missing ---[^]*after the pull/)
    expect(new Set(looked)).toEqual(new Set([identity]))
    await hub.close()
    await first.dispose()
    await second.dispose()
  })
})
