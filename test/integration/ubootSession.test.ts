import { expect, test } from 'vitest'
import { createFramedSession } from '../../src/main/core/uboot/framedSession.ts'
import { enterUboot } from '../../src/main/core/uboot/enterUboot.ts'
import { createUbootSession } from '../../src/main/core/uboot/ubootSession.ts'
import type { WorkConsole } from '../../src/main/core/uboot/workConsole.ts'
import { createByteQueue } from '../../src/shared/lifecycle/byteQueue.ts'
import { crc16Xmodem } from '../../src/shared/bytes/crc16.ts'
import { createVirtualClock } from '../support/virtualClock.ts'

const never = new AbortController().signal
const prompt = 'OpenIPC # '

interface FarEnd {
  readonly console: WorkConsole
  readonly typed: string[]
  say(text: string | Uint8Array): void
}

/** A console whose far end is this test. `hear` gets every write. */
function farEnd(hear: (bytes: Uint8Array, say: (text: string | Uint8Array) => void) => void): FarEnd {
  const queue = createByteQueue()
  const typed: string[] = []
  const say = (text: string | Uint8Array): void => { queue.push(typeof text === 'string' ? new TextEncoder().encode(text) : text) }
  const console: WorkConsole = {
    label: 'test', read: async (signal) => queue.read(signal),
    write: async (bytes) => { typed.push(new TextDecoder('latin1').decode(bytes)); hear(bytes, say) },
    discardInput: async () => queue.discard(), close: async () => { queue.end() }, detach: async () => undefined, attach: async () => undefined, tail: () => '(tail)',
  }
  return { console, typed, say }
}

/** Echoes like a UART and answers each line; `echo` may alter what it echoes, `answer` is the command's output. */
function shell(options: { echo?: (text: string) => string; answer?: (command: string) => string; code?: string }): FarEnd {
  let line = ''
  return farEnd((bytes, say) => {
    for (const character of new TextDecoder('latin1').decode(bytes)) {
      if (character === '\x03') { line = ''; say(`\r\n${prompt}`) }
      else if (character === '\r') {
        const [, command = '', mark = ''] = /^\s*(.*); echo (__rb_\w+) \$\?$/.exec(line) ?? []
        line = ''
        say(`\r\n${options.answer?.(command) ?? ''}${mark} ${options.code ?? '0'}\r\n${prompt}`)
      } else {
        line += character
        say(options.echo?.(character) ?? character)
      }
    }
  })
}

const sessionOf = ({ console }: FarEnd, clock = createVirtualClock()) => {
  let token = 0
  return { clock, session: createUbootSession({ console, clock, prompt, newToken: () => `t${(token += 1)}` }) }
}

test('a destructive line that is altered on the wire is never entered', async () => {
  const far = shell({ echo: (character) => (character === '7' ? '1' : character) })
  const { session, clock } = sessionOf(far)
  await expect(clock.run(session.run('sf write 0x42000000 0x70000 0x10000', { limitMs: 5000, destructive: true }, never))).rejects.toMatchObject({ code: 'link/garbled' })
  expect(far.typed.join('')).not.toContain('\r')
})

test('a destructive line is typed again when its echo was disturbed once, and entered once', async () => {
  let disturbed = false
  const far = shell({ echo: (character) => { if (character === '7' && !disturbed) { disturbed = true; return '?' } return character }, answer: () => 'SF: OK\r\n' })
  const { session, clock } = sessionOf(far)
  expect(await clock.run(session.run('sf write 0x42000000 0x70000 0x10000', { limitMs: 5000, destructive: true }, never))).toBe('SF: OK')
  expect(far.typed.join('').split('\r')).toHaveLength(2)
})

test('silence is an error with the console\'s tail, and what runs is broken off', async () => {
  const far = farEnd(() => undefined)
  const { session, clock } = sessionOf(far)
  await expect(clock.run(session.run('sf probe 0', { limitMs: 5000 }, never))).rejects.toMatchObject({ code: 'link/timeout', context: { consoleTail: '(tail)' } })
  expect(far.typed.at(-1)).toBe('\x03')
})

test('a return code is believed although the text looks fine', async () => {
  const { session, clock } = sessionOf(shell({ answer: () => 'all is well\r\n', code: '1' }))
  await expect(clock.run(session.run('sf probe 0', { limitMs: 5000 }, never))).rejects.toMatchObject({ code: 'device/refused' })
})

test('the simple parser without return codes works too', async () => {
  const { session, clock } = sessionOf(shell({ answer: () => 'fine\r\n', code: '$?' }))
  expect(await clock.run(session.run('sf probe 0', { limitMs: 5000 }, never))).toBe('fine')
})

test('a long command never gets a bare Enter, which U-Boot would take for "again"', async () => {
  const far = farEnd(() => undefined)
  const { session, clock } = sessionOf(far)
  await expect(clock.run(session.run('sf erase 0x0 0x1000000', { limitMs: 100_000 }, never))).rejects.toMatchObject({ code: 'link/timeout' })
  expect(far.typed.filter((text) => text === ' ').length).toBeGreaterThanOrEqual(4)
  expect(far.typed.join('').split('\r')).toHaveLength(2)
})

test('too much output ends the command', async () => {
  const far = farEnd((bytes, say) => { if (bytes.length > 1) say('x'.repeat(300_000)) })
  const { session, clock } = sessionOf(far)
  await expect(clock.run(session.run('md 0 ffffff', { limitMs: 5000 }, never))).rejects.toMatchObject({ code: 'device/too-much-output' })
})

test('a line end inside a command is a bug of ours, not two commands', async () => {
  const { session } = sessionOf(shell({}))
  await expect(session.run('echo a\rreset', { limitMs: 5000 }, never)).rejects.toMatchObject({ code: 'internal/bug' })
})

test('download-command mode: entered by its banner, spoken in frames, a rejected frame is sent again', async () => {
  let rejections = 1
  const heard: string[] = []
  const far = farEnd((bytes, say) => {
    if (bytes[0] === 0x03) { say('\r\nstart download process.\r\n'); return }
    expect(crc16Xmodem(bytes)).toBe(0)
    if (bytes[0] === 0xab) { say(Uint8Array.of(0xaa)); return }
    if ((rejections -= 1) >= 0) { say(Uint8Array.of(0x55)); return }
    heard.push(new TextDecoder().decode(bytes.subarray(1, -2)))
    say(Uint8Array.of(0xaa))
    say('SF: Detected W25Q128\r\n[EOT](OK)\r\n')
  })
  const clock = createVirtualClock()
  const session = await clock.run(enterUboot({ console: far.console, clock, newToken: () => 't', limitMs: 5000 }, never))
  expect(await clock.run(session.run('sf probe 0', { limitMs: 5000 }, never))).toBe('SF: Detected W25Q128')
  expect(heard).toEqual(['sf probe 0'])
})

test('download-command mode: [EOT](ERROR) is a failure', async () => {
  const far = farEnd((bytes, say) => { say(Uint8Array.of(0xaa)); if (bytes[0] === 0xcd) say('no flash\r\n[EOT](ERROR)\r\n') })
  const clock = createVirtualClock()
  const session = createFramedSession({ console: far.console, clock })
  await expect(clock.run(session.run('sf probe 0', { limitMs: 5000 }, never))).rejects.toMatchObject({ code: 'device/refused' })
})

test('Linux instead of a prompt is told at once', async () => {
  const far = farEnd((_, say) => { say('Starting kernel ...\r\nLinux version 4.9.37\r\n') })
  const clock = createVirtualClock()
  await expect(clock.run(enterUboot({ console: far.console, clock, newToken: () => 't', limitMs: 60_000 }, never)))
    .rejects.toMatchObject({ code: 'device/no-answer', context: { autobootMissed: true } })
  expect(clock.nowMs()).toBeLessThan(1000)
})
