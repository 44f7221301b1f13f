import { describe, expect, test } from 'vitest'
import { createVirtualClock } from '../../../../test/support/virtualClock.ts'
import { openSerialTransport, type SerialDeps, type SerialHandle } from './serialTransport.ts'

const never = new AbortController().signal

/** An adapter with modem lines, which no pseudo terminal has: notes what it is told. */
function adapter(failures: { readonly open?: string; readonly set?: string; readonly hangs?: boolean } = {}) {
  const told: string[] = []
  let isOpen = false
  let onClose: (error: Error | null) => void = () => undefined
  const handle: SerialHandle = {
    get isOpen() { return isOpen },
    open: (done) => { isOpen = failures.open === undefined; done(failures.open === undefined ? null : new Error(failures.open)) },
    close: (done) => { isOpen = false; told.push('close'); done(null) },
    write: (_bytes, _encoding, done) => { done(null) },
    pause: () => undefined,
    resume: () => undefined,
    update: ({ baudRate }, done) => { told.push(`${baudRate} baud`); done(null) },
    set: ({ dtr, rts, brk }, done) => {
      if (failures.hangs === true) return
      told.push(`dtr ${dtr ? 1 : 0} rts ${rts ? 1 : 0}${brk ? ' break' : ''}`)
      done(failures.set === undefined ? null : new Error(failures.set))
    },
    on: (event: string, listener: unknown) => { if (event === 'close') onClose = listener as typeof onClose; return handle },
    once: () => handle,
  }
  const clock = createVirtualClock()
  const opened: string[] = []
  const deps: SerialDeps = {
    createPort: (path, baudRate) => { opened.push(`${path} ${baudRate}`); return handle },
    holdersOf: async () => [{ pid: 812, program: 'minicom' }, { pid: 900, program: 'cat' }],
    ownPid: 1,
  }
  const open = async () => clock.run(openSerialTransport({ label: 'COM3', path: 'COM3' }, clock, never, deps))
  return { open, told, opened, clock, pull: () => { isOpen = false; onClose(new Error('ENXIO')) }, failures }
}

describe('a serial adapter', () => {
  test('is opened at 115200 with DTR and RTS off', async () => {
    const { open, told, opened } = adapter()
    await open()
    expect([opened, told]).toEqual([['COM3 115200'], ['dtr 0 rts 0']])
  })

  test('a line that is left out stays as it is', async () => {
    const { open, told } = adapter()
    const port = await open()
    await port.setLines?.({ rts: true }, never)
    await port.setLines?.({ dtr: true }, never)
    await port.setLines?.({ rts: false }, never)
    expect(told.slice(1)).toEqual(['dtr 0 rts 1', 'dtr 1 rts 1', 'dtr 1 rts 0'])
  })

  test('a break leaves the lines alone and has its length', async () => {
    const { open, told, clock } = adapter()
    const port = await open()
    await port.setLines?.({ dtr: true }, never)
    const from = clock.nowMs()
    await clock.run(port.sendBreak?.(250, never) ?? Promise.reject(new Error('none')))
    expect(clock.nowMs() - from).toBe(250)
    expect(told.slice(2)).toEqual(['dtr 1 rts 0 break', 'dtr 1 rts 0'])
  })

  test('a cancelled break ends all the same', async () => {
    const { open, told, clock } = adapter()
    const port = await open()
    const cancel = new AbortController()
    const reason = new Error('changed my mind')
    const breaking = port.sendBreak?.(5_000, cancel.signal).catch((error: unknown) => error)
    await clock.advance(100)
    cancel.abort(reason)
    expect(await breaking).toBe(reason)
    expect(told.at(-1)).toBe('dtr 0 rts 0')
  })

  test.each([0, -1, Number.NaN, 60_000])('a break of %d ms is refused', async (durationMs) => {
    const { open, told } = adapter()
    const port = await open()
    await expect(port.sendBreak?.(durationMs, never)).rejects.toMatchObject({ code: 'input/malformed' })
    expect(told).toEqual(['dtr 0 rts 0'])
  })

  test('whose DTR cannot be switched off is not used, and is let go: the camera would be held in reset', async () => {
    const { open, told } = adapter({ set: 'Input/output error, cannot set' })
    await expect(open()).rejects.toMatchObject({ code: 'link/unreachable', message: expect.stringContaining('DTR line cannot be switched off') as string })
    expect(told.at(-1)).toBe('close')
  })

  test('that does not answer about DTR is not used either', async () => {
    const { open, told, clock } = adapter({ hangs: true })
    await expect(open()).rejects.toMatchObject({ code: 'link/unreachable' })
    expect(clock.nowMs()).toBe(5_000)
    expect(told.at(-1)).toBe('close')
  })

  test('without such wires is used', async () => {
    const { open } = adapter({ set: 'Error: Inappropriate ioctl for device, cannot set' })
    const port = await open()
    expect(port.label).toBe('COM3')
    const plain = { code: 'input/not-supported', hint: expect.stringContaining('three wires') as string }
    await expect(port.sendBreak?.(250, never)).rejects.toMatchObject({ ...plain, message: 'COM3 cannot set a break' })
    await expect(port.setLines?.({ dtr: true }, never)).rejects.toMatchObject({ ...plain, message: 'COM3 cannot set its modem lines' })
  })

  test.each([
    ['Error: Resource temporarily unavailable Cannot lock port', { code: 'link/unreachable', message: 'COM3 is in use by minicom (pid 812) and cat (pid 900)' }],
    ['Opening COM3: Access denied', { code: 'link/unreachable', message: 'COM3 is in use by minicom (pid 812) and cat (pid 900)' }],
    ['Error: Permission denied, cannot open /dev/ttyUSB0', { code: 'host/no-permission', hint: expect.stringContaining('dialout') as string }],
    ['Error: No such file or directory, cannot open /dev/ttyUSB0', { code: 'link/unreachable', message: 'There is no port COM3' }],
  ])('"%s" is told as what it is', async (text, expected) => {
    const { open } = adapter({ open: text })
    await expect(open()).rejects.toMatchObject(expected)
  })

  test('that was pulled: reading, writing and changing are link/closed', async () => {
    const { open, pull } = adapter()
    const port = await open()
    pull()
    await expect(port.read(never)).rejects.toMatchObject({ code: 'link/closed' })
    await expect(port.write(Uint8Array.of(1), never)).rejects.toMatchObject({ code: 'link/closed' })
    await expect(port.setLines?.({ dtr: true }, never)).rejects.toMatchObject({ code: 'link/closed' })
    await expect(port.setBaudRate?.(9_600, never)).rejects.toMatchObject({ code: 'link/closed' })
  })
})
