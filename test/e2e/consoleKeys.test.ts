import { describe, expect, test } from 'vitest'
import { missingForWindow, openGate } from './openWindow.ts'

const soon = { timeout: 30_000 } as const

describe.skipIf(missingForWindow() !== undefined)('a console by keys alone, in a browser on the real host', () => {
  test('what a command opens has the keys, and Escape gives them back to the camera', async () => {
    const open = await openGate()
    const { page, far, pane, openPane, workbench, complaints } = open
    await workbench.consoles.save({ macros: [{ name: 'Where', text: 'ping {ip} {ask:Count}', pauseMs: 0 }] })
    await openPane()
    const terminal = pane.locator('.xterm-helper-textarea')
    await terminal.focus()
    const run = async (words: string): Promise<void> => {
      await page.keyboard.press('Control+Shift+K')
      await page.getByRole('combobox', { name: 'Find a camera, run a command' }).fill(words)
      await page.getByRole('option', { name: new RegExp(words) }).first().waitFor()
      await page.keyboard.press('Enter')
    }
    const has = async (what: string): Promise<void> => {
      await expect.poll(async () => page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"), { ...soon, message: what }).toContain(what)
    }
    for (const [words, what] of [['Paste with pauses', 'Text to paste into Gate'], ['Script', 'Kept scripts'], ['Macros', 'Where']] as const) {
      await run(words)
      await has(what)
      await page.keyboard.press('Escape')
      await has('Terminal input')
    }
    // It has nothing to press on a line of bytes, and still takes Escape for itself.
    await run('Line: break')
    await has('This line carries bytes only')
    await page.keyboard.press('Escape')
    await has('Terminal input')
    for (const [words, what] of [['Console as lines', 'Lines of Gate'], ['Console as bytes', 'Bytes of Gate'], ['Console as a terminal', 'Terminal input']] as const) {
      await run(words)
      await has(what)
    }
    await page.keyboard.press('Alt+Shift+S')
    await has('Search text')
    await page.keyboard.press('Escape')
    await has('Terminal input')
    expect(far.heard()).toBe('')

    await run('Newest address')
    await pane.getByText('No web address stands in this console').waitFor()
    far.say('\r\nfirst http://10.0.0.7/a then http://10.0.0.8/b.\r\nno more\r\n')
    await expect.poll(async () => pane.locator('.xterm-rows').innerText(), soon).toContain('no more')
    await run('Newest address')
    await page.getByRole('dialog', { name: 'An address from a console' }).getByText('http://10.0.0.8/b', { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await has('Terminal input')

    await run('Macros')
    await has('Where')
    await page.keyboard.press('Enter')
    await pane.getByRole('form', { name: 'Values for Where' }).waitFor()
    await page.keyboard.type('10.0.0.7')
    await page.keyboard.press('Tab')
    await page.keyboard.type('3')
    await page.keyboard.press('Enter')
    await expect.poll(far.heard, soon).toBe('ping 10.0.0.7 3\r')
    // The form is gone, and the keys are still in the panel.
    await has('Where')
    await page.keyboard.press('Escape')
    await has('Terminal input')
    await page.keyboard.type('x')
    await expect.poll(far.heard, soon).toBe('ping 10.0.0.7 3\rx')

    // Who was refused and then took over is not told of it any more.
    const second = await open.newPage()
    await second.getByRole('option', { name: /Gate/ }).click()
    await second.getByRole('tab', { name: 'Console', exact: true }).click()
    await second.getByRole('region', { name: 'Console of Gate' }).locator('.xterm-helper-textarea').focus()
    await second.keyboard.type('y')
    await second.getByText(/^window 1 types into this console/).waitFor()
    await second.keyboard.press('Alt+Shift+T')
    await second.getByText(/^You type here/).waitFor()
    expect(await second.getByText(/types into this console/).count()).toBe(0)
    expect(complaints.filter((line) => !line.startsWith('log:') && !line.includes('pod/busy'))).toEqual([])
  })

  test('an address that the terminal broke is asked about as a whole', async () => {
    const { page, far, pane, screen, openPane } = await openGate()
    await openPane()
    const address = `http://10.0.0.7/${'long/'.repeat(20)}image.jpg`
    far.say(`\r\nlook at ${address}, it is new\r\n`)
    await expect.poll(async () => (await screen.innerText()).replaceAll('\n', ''), soon).toContain('it is new')
    const row = pane.locator('.xterm-rows > div').filter({ hasText: 'long/long' }).last()
    const place = await row.boundingBox()
    await page.mouse.move((place?.x ?? 0) + 20, (place?.y ?? 0) + 8)
    await page.mouse.click((place?.x ?? 0) + 20, (place?.y ?? 0) + 8)
    await page.getByRole('dialog', { name: 'An address from a console' }).getByText(address, { exact: true }).waitFor()
  })

  test('copy and paste in a terminal do what the sheet of keys says, and Ctrl C and Ctrl V go to the camera', async () => {
    const { page, far, pane, openPane } = await openGate()
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await openPane()
    const kept = async (): Promise<unknown> => page.evaluate('navigator.clipboard.readText()')
    const keep = async (text: string): Promise<void> => { await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`) }
    const box = pane.getByRole('textbox', { name: 'Text to paste into Gate' })
    let told = ''
    const hears = async (more: string): Promise<void> => { told += more; await expect.poll(far.heard, soon).toBe(told) }
    far.say('\r\nSELECTED words\r\n')
    await expect.poll(async () => pane.locator('.xterm-rows').innerText(), soon).toContain('SELECTED')
    const terminal = pane.locator('.xterm-helper-textarea')
    await terminal.focus()
    for (const keys of ['Control+Shift+V', 'Shift+Insert']) {
      await keep(`by ${keys}`)
      await page.keyboard.press(keys)
      await hears(`by ${keys}`)
    }
    await keep('untouched')
    await page.keyboard.press('Control+V')
    await hears('\u0016')
    // Several lines are looked at first.
    await keep('one\ntwo\n')
    for (const keys of ['Control+Shift+V', 'Shift+Insert']) {
      await terminal.focus()
      await page.keyboard.press(keys)
      await expect.poll(async () => box.inputValue(), soon).toBe('one\ntwo\n')
      await box.focus()
      await page.keyboard.press('Escape')
      await box.waitFor({ state: 'detached' })
    }

    await terminal.focus()
    await page.keyboard.press('Control+Shift+C')
    await expect.poll(kept, soon).toMatch(/^\s*SELECTED words$/)
    const screen = await pane.locator('.xterm-screen').boundingBox()
    const rows = await pane.locator('.xterm-rows > div').count()
    // The first row is empty, and a double click takes a word.
    await page.mouse.dblclick((screen?.x ?? 0) + 12, (screen?.y ?? 0) + 1.5 * (screen?.height ?? 0) / rows)
    for (const keys of ['Control+Shift+C', 'Control+Insert']) {
      await keep('something else')
      await terminal.focus()
      await page.keyboard.press(keys)
      await expect.poll(kept, soon).toBe('SELECTED')
    }
    await keep('untouched')
    await page.keyboard.press('Control+C')
    await hears('\u0003')
    expect(await kept()).toBe('untouched')
  })
})
