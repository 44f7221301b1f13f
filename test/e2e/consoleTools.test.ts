import type { Locator } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openFarCamera } from '../support/consoleBench.ts'
import { openRfc2217StandIn } from '../support/rfc2217StandIn.ts'
import { missingForWindow, openGate, openGateAt } from './openWindow.ts'

const soon = { timeout: 30_000 } as const
const wordsOf = async (screen: Locator): Promise<string> => (await screen.innerText()).replaceAll('\u00a0', ' ')
const dayMs = 24 * 3_600_000
/** Milliseconds of the day, of a time as the clock shows it. */
const clockMs = (text: string): number => { const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number); return Math.round(((hours * 60 + minutes) * 60 + seconds) * 1_000) }
const ofDay = (atMs: number): number => { const at = new Date(atMs); return clockMs(`${String(at.getHours())}:${String(at.getMinutes())}:${String(at.getSeconds())}`) + at.getMilliseconds() }
const tellsPage = (complaints: readonly string[]): string[] => complaints.filter((line) => !line.startsWith('log:'))

describe.skipIf(missingForWindow() !== undefined)('what a console is told and shows, in a browser on the real host', () => {
  test('a line goes with its end and in its encoding, which stay; a paste goes slowly and can be stopped; a file goes as it is', async () => {
    const { page, far, pane, screen, openPane, complaints } = await openGate()
    await openPane()
    const line = pane.getByRole('textbox', { name: 'Line to send to Gate' })
    const end = pane.getByLabel('Line end for Gate').first()
    const encoding = pane.getByLabel('Encoding of Gate').first()
    let told = ''
    const hears = async (more: string): Promise<void> => { told += more; await expect.poll(far.heard, soon).toBe(told) }
    await line.fill('süß')
    await page.keyboard.press('Enter')
    await hears('s\u00c3\u00bc\u00c3\u009f\r')
    await encoding.selectOption('Latin-1')
    await end.selectOption('CR LF')
    await line.fill('süß')
    await page.keyboard.press('Enter')
    await hears('s\u00fc\u00df\r\n')
    far.say(Uint8Array.of(0x67, 0x72, 0xfc, 0x6e, 0x0d, 0x0a))
    await expect.poll(async () => wordsOf(screen), soon).toContain('grün')
    await end.selectOption('no end')
    await line.fill('x')
    await page.keyboard.press('Enter')
    await hears('x')
    await page.reload()
    await openPane()
    await expect.poll(async () => end.inputValue(), soon).toBe('none')
    expect(await encoding.inputValue()).toBe('latin-1')
    await encoding.selectOption('UTF-8')
    await end.selectOption('LF')

    // Several lines at once are looked at first.
    await pane.locator('.xterm-helper-textarea').evaluate((element) => {
      const page = globalThis as unknown as { DataTransfer: new () => { setData(kind: string, text: string): void }; ClipboardEvent: new (name: string, init: object) => never }
      const clipboardData = new page.DataTransfer()
      clipboardData.setData('text/plain', 'one\ntwo\nthree\n')
      element.dispatchEvent(new page.ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData }))
    })
    const text = pane.getByRole('textbox', { name: 'Text to paste into Gate' })
    await expect.poll(async () => text.inputValue(), soon).toBe('one\ntwo\nthree\n')
    const paste = pane.locator('form').getByRole('button', { name: 'Paste', exact: true }).first()
    await pane.getByLabel('Pause in milliseconds').fill('300')
    const startedMs = performance.now()
    await paste.click()
    await hears('one\ntwo\nthree\n')
    expect(performance.now() - startedMs).toBeGreaterThan(600)

    await pane.getByRole('button', { name: 'Paste', exact: true }).last().click()
    await text.fill('four\nfive\n')
    await pane.getByLabel('Pause in milliseconds').fill('10000')
    await paste.click()
    await hears('four\n')
    await pane.getByRole('status').getByText('1 of 2').waitFor()
    await pane.getByRole('button', { name: 'Stop', exact: true }).click()
    await expect.poll(async () => pane.getByRole('button', { name: 'Stop', exact: true }).count(), soon).toBe(0)

    const bytes = Uint8Array.from({ length: 5_000 }, (_, at) => at % 256)
    await pane.getByLabel('File to send to Gate').setInputFiles({ name: 'blob.bin', mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) })
    // Right behind what was stopped: nothing of it came afterwards.
    await hears(Buffer.from(bytes).toString('latin1'))
    expect(tellsPage(complaints)).toEqual([])
  })

  test('lines have the time at which they came, bytes are shown as they are, and a line that was lost leaves a gap that is seen', async () => {
    const { page, far, console, pane, screen, openPane, complaints } = await openGate()
    let received = 0
    /** When it was said at the earliest, and had come at the latest. */
    const say = async (words: string | Uint8Array): Promise<readonly [number, number]> => {
      const from = Date.now()
      received += words.length
      far.say(words)
      await expect.poll(() => console.stats().bytesReceived, { ...soon, interval: 10 }).toBe(received)
      return [from, Date.now()]
    }
    const first = await say('first\r\n')
    await openPane()
    await expect.poll(async () => wordsOf(screen), soon).toContain('first')
    const second = await say('second\r\n')
    await pane.getByRole('group', { name: 'View of Gate' }).getByRole('button', { name: 'Lines' }).click()
    const rows = pane.getByRole('log', { name: 'Lines of Gate' })
    const timeOf = async (words: string): Promise<string> => rows.locator('.row').filter({ hasText: words }).locator('.time').innerText()
    await rows.getByText('second').waitFor()
    const times = pane.getByRole('group', { name: 'Times' })
    await times.getByRole('button', { name: 'Clock' }).click()
    for (const [words, [from, until]] of [['first', first], ['second', second]] as const) {
      await expect.poll(async () => timeOf(words), soon).toMatch(/^\d\d:\d\d:\d\d\.\d{3}$/)
      expect((clockMs(await timeOf(words)) - ofDay(from) + dayMs) % dayMs, words).toBeLessThanOrEqual(until - from)
    }
    for (const kind of ['Since start', 'Delta']) {
      await times.getByRole('button', { name: kind }).click()
      await expect.poll(async () => timeOf('second'), soon).toMatch(/^\+\d+\.\d{3}$/)
      const apart = Math.round(1_000 * Number(await timeOf('second')))
      expect(apart, kind).toBeGreaterThanOrEqual(second[0] - first[1])
      expect(apart, kind).toBeLessThanOrEqual(second[1] - first[0])
    }
    await say(Uint8Array.of(0x00, 0xff, 0x1b, 0x5b, 0x31, 0x6d, 0x41))
    await pane.getByRole('group', { name: 'View of Gate' }).getByRole('button', { name: 'Hex' }).click()
    const all = pane.getByRole('log', { name: 'Bytes of Gate' }).locator('.hex')
    await expect.poll(async () => (await all.allInnerTexts()).map((row) => row.replace(/^[0-9a-f]{8}\s*/, '').trim()).join(' '), soon).toBe('66 69 72 73 74 0d 0a 73 65 63 6f 6e 64 0d 0a 00 ff 1b 5b 31 6d 41')

    await pane.getByRole('group', { name: 'View of Gate' }).getByRole('button', { name: 'Terminal' }).click()
    far.hangUp()
    await expect.poll(async () => wordsOf(screen), soon).toMatch(/console line lost: [\s\S]*console line open again after/)
    // A narrow terminal breaks the line.
    expect((await wordsOf(screen)).replaceAll('\n', '')).toMatch(/open again after \d+\.\d s; what came in between may be missing/)
    await expect.poll(far.clients, soon).toBe(1)
    far.say('and here again\r\n')
    await expect.poll(async () => wordsOf(screen), soon).toMatch(/first[\s\S]*second[\s\S]*console line lost[\s\S]*open again[\s\S]*and here again/)
    await pane.getByRole('textbox', { name: 'Line to send to Gate' }).fill('still there')
    await page.keyboard.press('Enter')
    await expect.poll(far.heard, soon).toBe('still there\r')
    expect(tellsPage(complaints)).toEqual([])
  })

  test('a break, both modem lines and another rate reach the adapter; a line of bytes only says that it has none', async () => {
    const standIn = await openRfc2217StandIn()
    onTestFinished(async () => standIn.close())
    const { workbench, page, pane, openPane, complaints } = await openGateAt(`rfc2217://127.0.0.1:${String(standIn.port)}`)
    await openPane()
    await pane.getByRole('button', { name: 'Line', exact: true }).click()
    const before = standIn.commands.length
    const asked = (): string[] => standIn.commands.slice(before)
    const dtr = pane.getByRole('group', { name: 'DTR' })
    const rts = pane.getByRole('group', { name: 'RTS' })
    // As the standard numbers them: break on and off, DTR, RTS, the rate.
    const presses: readonly (readonly [Locator, readonly string[]])[] = [
      [pane.getByRole('button', { name: 'Send break' }), ['5:5', '5:6']], [dtr.getByRole('button', { name: 'off' }), ['5:9']], [dtr.getByRole('button', { name: 'on' }), ['5:8']],
      [rts.getByRole('button', { name: 'on' }), ['5:11']], [rts.getByRole('button', { name: 'off' }), ['5:12']],
    ]
    const expected: string[] = []
    for (const [button, commands] of presses) {
      await button.click()
      expected.push(...commands)
      await expect.poll(asked, soon).toEqual(expected)
    }
    expect(standIn.state).toMatchObject({ isDtrOn: true, isRtsOn: false })
    const rate = pane.getByLabel('Baud, 300 to 4000000')
    const set = pane.getByRole('button', { name: 'Set', exact: true })
    await rate.fill('7')
    expect(await set.isDisabled()).toBe(true)
    await rate.fill('57600')
    await set.click()
    await expect.poll(asked, soon).toEqual([...expected, '1:57600'])
    const farEnd = await standIn.farEnd()
    await pane.getByRole('textbox', { name: 'Line to send to Gate' }).fill('hi')
    await page.keyboard.press('Enter')
    expect(new TextDecoder().decode(await farEnd.take(3))).toBe('hi\r')

    const { url } = await openFarCamera()
    workbench.setup.addForNow({ url, name: '', cameraName: 'Bytes', chip: 'hi3516ev300' })
    await page.getByRole('option', { name: /Bytes/ }).click()
    const other = page.getByRole('region', { name: 'Console of Bytes' })
    await other.getByRole('button', { name: 'Line', exact: true }).click()
    await other.getByText('This line carries bytes only').waitFor()
    expect(await other.getByRole('button', { name: 'Send break' }).count()).toBe(0)
    expect(tellsPage(complaints)).toEqual([])
  })
})
