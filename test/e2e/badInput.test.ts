import { createHash } from 'node:crypto'
import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { piecesOf } from '../support/captureBench.ts'
import { createSeededRandom } from '../support/seededRandom.ts'
import { missingForWindow, openGate } from './openWindow.ts'

const esc = '\u001b'
const soon = { timeout: 30_000 } as const
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const repeated = (piece: Uint8Array, times: number): Uint8Array => Uint8Array.from({ length: piece.length * times }, (_, at) => piece[at % piece.length] ?? 0)
/** So many bytes a second is 3 Mbaud with eight bits, a start and a stop. */
const fastBytesPerTick = 15_000
const tickMs = 50

/** The page goes on drawing; one that hangs never gets there. */
const drawsOn = async (page: Page): Promise<void> => { await page.evaluate('(async () => { for (let frame = 0; frame < 10; frame += 1) await new Promise((resolve) => { requestAnimationFrame(resolve) }) })()') }

const random = createSeededRandom(11)
const inputs: readonly (readonly [string, readonly Uint8Array[]])[] = [
  ['binary garbage', Array.from({ length: 40 }, () => Uint8Array.from({ length: 8_192 }, () => Math.floor(random() * 256)))],
  ['a line of a megabyte', Array.from({ length: 32 }, () => repeated(bytes('x'), 32_768))],
  ['letters that are no UTF-8', Array.from({ length: 20 }, () => repeated(Uint8Array.of(0xc3, 0x28, 0xe2, 0x82, 0xf0, 0x9f, 0xff, 0xfe, 0xc0, 0xaf, 0xed, 0xa0, 0x80, 0x0a), 500))],
  ['escape bombs', [`${esc}[2147483647L`, `${esc}[2147483647b`, `${esc}c`, `${esc}[?1049h${esc}[?1049l`, `${esc}]0;`, `${esc}P1$r`, `e${'\u0301'.repeat(50)}`].map((bomb) => repeated(bytes(bomb), 3_000))],
  ['a console at 3 Mbaud', Array.from({ length: 60 }, (_, at) => repeated(bytes(`tick ${String(at).padStart(2, '0')} abc\n`), fastBytesPerTick / 12))],
]

describe.skipIf(missingForWindow() !== undefined)('bad input on a console, in the whole product', () => {
  test('a pane that is opened in the middle of it draws on, shows what comes after, and not a byte is lost', async () => {
    const { page, far, console, screen, openPane, closePane, workbench, complaints } = await openGate()
    const sum = createHash('sha256')
    let said = 0
    const say = (piece: Uint8Array): void => { far.say(piece); sum.update(piece); said += piece.length }
    for (const [name, pieces] of inputs) {
      let at = 0
      let opening: Promise<void> | undefined
      await new Promise<void>((resolve, reject) => {
        const timer = setInterval(() => {
          const piece = pieces[at]
          if (piece) say(piece)
          at += 1
          if (at === Math.ceil(pieces.length / 2)) { opening = openPane(); opening.catch(reject) }
          if (at >= pieces.length) { clearInterval(timer); resolve() }
        }, tickMs)
        onTestFinished(() => { clearInterval(timer) })
      })
      await opening
      // Out of any sequence that was left open, and out of the other screen.
      say(bytes(`\u0018${esc}[?1049l\r\n${esc}[0m\r\nafter ${name}\r\n`))
      await drawsOn(page)
      await expect.poll(async () => (await screen.innerText()).replaceAll('\u00a0', ' '), { ...soon, message: name }).toContain(`after ${name}`)
      await expect.poll(() => console.stats().bytesReceived, { ...soon, message: name }).toBe(said)
      await closePane()
    }
    await workbench.captures.store.flush()
    const [session] = await workbench.captures.sessions({})
    const kept = createHash('sha256')
    for (const { kind, bytes: piece } of await piecesOf(workbench.captures.store, session?.session)) if (kind === 'rx') kept.update(piece)
    expect(kept.digest('hex')).toBe(sum.digest('hex'))
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  }, 180_000)

  test('no sequence types into the camera, leaves the pane or opens anything', async () => {
    const { page, far, screen, openPane, complaints } = await openGate()
    const context = page.context()
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await openPane()
    await page.evaluate("navigator.clipboard.writeText('mine')")
    const title = await page.title()
    const size = await page.evaluate('[innerWidth, innerHeight].join()')
    const st = `${esc}\\`
    const asking = [
      // Who are you, how are you, where is the cursor: each answer would be typed into the line.
      '[c', '[0c', '[>c', '[>0c', '[=c', '[=0c', 'Z', '[5n', '[6n', '[?6n', '[?15n', '[?25n', '[?26n', '[?53n', '[>q', '[>0q', '[x', '[0x', '[1x', '[?u', '[?4m', '[?1$p', '[4$p', '[?2026$p',
      `P$qm${st}`, `P$q"p${st}`, `P$qr${st}`, `P$q q${st}`, `P+q544e${st}`, `P+q524742${st}`,
      // Of the window: what is its size, place, title; and be another one.
      '[11t', '[13t', '[14t', '[14;2t', '[15t', '[16t', '[18t', '[19t', '[20t', '[21t', '[22;0t', '[23;0t', '[8;10;10t', '[4;100;100t', '[1t', '[2t', '[9;1t', '[10;1t',
      // Colours, the clipboard, the title, files, notes and marks of other programs.
      ']4;1;?\u0007', ']10;?\u0007', ']11;?\u0007', ']12;?\u0007', ']17;?\u0007', ']52;c;?\u0007', ']52;c;cm0gLXJmIC8=\u0007', `]52;p;cm0gLXJmIC8=${st}`, ']0;owned\u0007', ']1;owned\u0007', `]2;owned${st}`, ']l owned\u0007',
      ']50;?\u0007', ']1337;File=name=eA==;inline=1:eA==\u0007', ']1337;CopyToClipboard=\u0007', ']9;owned\u0007', ']777;notify;owned;owned\u0007', ']7;file:///etc/passwd\u0007', ']133;A\u0007', ']633;E;rm\u0007', ']633;P;Cwd=/\u0007',
      `]8;;https://evil.example/\u0007the manual${esc}]8;;\u0007`, `]8;;javascript:alert(1)${st} here ${esc}]8;;${st}`,
      // What reports by itself: mouse, focus, pasted text's frame is no report.
      '[?9h', '[?1000h', '[?1002h', '[?1003h', '[?1004h', '[?1005h', '[?1006h', '[?1015h', '[?1016h', '[>1u', '[=1;1u', '[>4;2m',
    ]
    for (const each of asking) far.say(`${esc}${each}`)
    for (const each of ['\u009bc', '\u009b6n', '\u009d52;c;cm0=\u009c', '\u0090$qm\u009c', '\u0005']) far.say(each)
    far.say('\r\nafter it all\r\n')
    await expect.poll(async () => (await screen.innerText()).replaceAll('\u00a0', ' '), soon).toContain('after it all')
    const words = screen.getByText('the manual').first()
    const place = await words.boundingBox()
    for (const [x, y] of [[20, 8], [40, 8], [60, 8]] as const) await page.mouse.click((place?.x ?? 0) + x, (place?.y ?? 0) + y)
    await page.mouse.wheel(0, 200)
    await page.locator('body').click({ position: { x: 700, y: 20 } })
    await drawsOn(page)
    expect(far.heard()).toBe('')
    expect(await page.title()).toBe(title)
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe('mine')
    expect(await page.evaluate('[innerWidth, innerHeight].join()')).toBe(size)
    expect(await page.getByRole('dialog').count()).toBe(0)
    expect(context.pages()).toHaveLength(1)
    // The link is its words and nothing else.
    expect(await screen.locator('a, [href]').count()).toBe(0)
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  }, 120_000)

  test('lines that a rule met are marked, also those from before the pane was opened, and so is what is searched for', async () => {
    const { page, far, workbench, pane, openPane, complaints } = await openGate()
    far.say(`U-Boot 2016.11\r\n${'some line\r\n'.repeat(50)}Kernel panic - not syncing: no init\r\n${'some line\r\n'.repeat(5)}`)
    await expect.poll(() => workbench.rack.view().pods[0]?.cameras[0]?.alarms?.count, soon).toBe(1)
    await openPane()
    const marks = pane.locator('.line-mark')
    await expect.poll(async () => marks.count(), soon).toBe(1)
    const heightOf = async (text: string): Promise<number> => Math.round((await pane.locator('.xterm-rows > div').filter({ hasText: text }).first().boundingBox())?.y ?? -1)
    expect(Math.abs(Math.round((await marks.first().boundingBox())?.y ?? -2) - await heightOf('Kernel panic'))).toBeLessThanOrEqual(2)
    expect(await marks.first().getAttribute('data-mark')).toBe('Kernel panic')
    far.say('Internal error: Oops: 17\r\n')
    await expect.poll(async () => marks.count(), soon).toBe(2)
    await pane.getByRole('button', { name: 'Search in Gate' }).click()
    await page.getByRole('searchbox', { name: 'Search text' }).fill('some line')
    await expect.poll(async () => pane.locator('.xterm-find-result-decoration').count(), soon).toBeGreaterThan(3)
    await page.keyboard.press('Escape')
    await expect.poll(async () => pane.locator('.xterm-find-result-decoration').count(), soon).toBe(0)
    expect(await marks.count()).toBe(2)
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
    const folder = process.env['RACKBENCH_PICTURES']
    if (folder !== undefined) await page.screenshot({ path: `${folder}/marks.png` })
  }, 120_000)
})
