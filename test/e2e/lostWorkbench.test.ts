import { describe, expect, test } from 'vitest'
import { missingForWindow, openGate } from './openWindow.ts'

describe.skipIf(missingForWindow() !== undefined)('a page that loses its workbench, in a browser on the real host', () => {
  test('leaves no error behind that nobody caught, and goes on by itself when the workbench is back on the same port', async () => {
    const { page, web, serveAgain, far, openPane, screen, complaints } = await openGate()
    const uncaught = (): string[] => complaints.filter((line) => line.startsWith('page: '))
    // Each try opens two sockets.
    let tries = 0
    page.on('websocket', (socket) => { if (socket.url().endsWith('/bytes')) tries += 1 })
    await openPane()
    far.say('before it went\r\n')
    await screen.getByText('before it went').waitFor()

    await web.close()
    await page.getByText('connection lost, trying again').waitFor()
    far.say('said while away\r\n')
    await expect.poll(() => tries, { timeout: 60_000 }).toBeGreaterThanOrEqual(3)
    expect(uncaught()).toEqual([])

    await serveAgain()
    await page.getByText('connection lost, trying again').waitFor({ state: 'detached', timeout: 60_000 })
    await screen.getByText('said while away').waitFor()
    far.say('after it came\r\n')
    await screen.getByText('after it came').waitFor()
    expect(uncaught()).toEqual([])
  })
})
