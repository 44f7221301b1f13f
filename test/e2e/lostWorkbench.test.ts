import { describe, expect, onTestFinished, test } from 'vitest'
import { serveWeb } from '../../src/main/hosts/web/webHost.ts'
import { missingForWindow, openGate, rendererFolder } from './openWindow.ts'

describe.skipIf(missingForWindow() !== undefined)('a page that loses its workbench, in a browser on the real host', () => {
  test('leaves no error behind that nobody caught, and goes on by itself when the workbench is back on the same port', async () => {
    const { page, workbench, web, far, openPane, screen, complaints } = await openGate()
    const uncaught = (): string[] => complaints.filter((line) => line.startsWith('page: '))
    // Each try opens two sockets.
    let tries = 0
    page.on('websocket', (socket) => { if (socket.url().endsWith('/bytes')) tries += 1 })
    await openPane()
    far.say('before it went\r\n')
    await screen.getByText('before it went').waitFor()

    const token = new URLSearchParams(new URL(web.url).hash.slice(1)).get('token') ?? ''
    await web.close()
    await page.getByText('connection lost, trying again').waitFor()
    far.say('said while away\r\n')
    await expect.poll(() => tries, { timeout: 60_000 }).toBeGreaterThanOrEqual(3)
    expect(uncaught()).toEqual([])

    const again = await serveWeb({ workbench, host: '127.0.0.1', port: web.port, rendererFolder, newToken: () => token, log: () => undefined })
    onTestFinished(async () => again.close())
    await page.getByText('connection lost, trying again').waitFor({ state: 'detached', timeout: 60_000 })
    await screen.getByText('said while away').waitFor()
    far.say('after it came\r\n')
    await screen.getByText('after it came').waitFor()
    expect(uncaught()).toEqual([])
  })
})
