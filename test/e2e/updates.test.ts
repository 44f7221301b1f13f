import { describe, expect, test } from 'vitest'
import { missingForWindow, openDemo, openWindow } from './openWindow.ts'

/** A node of the demo asks every ten seconds; each step of a rollout takes one or two of them. */
const stepMs = 90_000

describe.skipIf(missingForWindow() !== undefined)('firmware for nodes', () => {
  test('a rollout to twenty nodes is watched in the window', { timeout: 300_000 }, async () => {
    const open = await openWindow()
    const { page } = open
    await openDemo(page)
    await page.keyboard.press('Alt+7')
    const rollout = page.getByRole('region', { name: 'Rollout', exact: true })
    const count = (words: string) => rollout.getByRole('button', { name: words, exact: true })
    const nodes = page.getByRole('region', { name: 'Nodes', exact: true })
    await rollout.getByRole('heading', { name: 'Rollout of 1.0.0' }).waitFor()
    await count('20 running').waitFor({ timeout: stepMs })

    // To some of them first: the others keep what they have, and say why.
    await page.getByRole('button', { name: 'Publish 1.1.0' }).click()
    const dialog = page.getByRole('dialog', { name: 'Publish firmware for demo-node' })
    await dialog.getByText('nothing that would leave a node waiting').waitFor()
    await dialog.getByLabel('Share of the nodes, percent').fill('40')
    await dialog.getByRole('button', { name: 'Publish 1.1.0' }).click()
    await dialog.getByText('1.1.0 is published on stable').waitFor()
    await dialog.getByRole('button', { name: 'Done' }).click()
    await rollout.getByRole('heading', { name: 'Rollout of 1.1.0' }).waitFor()
    await rollout.getByText('40 % of the nodes, 20 have asked').waitFor()
    await nodes.getByText('Not among those that get 1.1.0 now').first().waitFor()
    await rollout.getByRole('button', { name: /^[1-9]\d* pending$/ }).waitFor({ timeout: stepMs })
    await rollout.getByRole('button', { name: /^[1-9]\d* running$/ }).waitFor({ timeout: stepMs })
    expect((await open.workbench.registry.registry()).rollouts()[0]?.counts.held).toBeGreaterThan(0)

    // Then to all: nineteen run it, and the poor one goes back.
    await page.getByRole('button', { name: 'Publish', exact: true }).click()
    await dialog.getByLabel('Version').selectOption('1.1.0')
    await dialog.getByRole('button', { name: '100 %' }).click()
    await dialog.getByRole('button', { name: 'Publish 1.1.0' }).click()
    await dialog.getByRole('button', { name: 'Done' }).click()
    await count('19 running').waitFor({ timeout: stepMs })
    await count('1 fell back').waitFor({ timeout: stepMs })
    await count('1 fell back').click()
    await expect.poll(async () => nodes.getByRole('row').count()).toBe(2)
    expect(await nodes.getByRole('row').last().textContent()).toMatch(/^node-07none127\.0\.0\.11\.0\.0\s*fell back\s*It ran 1\.1\.0 and went back to 1\.0\.01\.1\.0/)
    await rollout.getByRole('img', { name: '20 nodes: 0 waiting, 0 fetching, 0 pending, 19 running, 1 fell back' }).waitFor()
    expect(await rollout.getByRole('figure', { name: 'Nodes over time' }).locator('path').count()).toBe(5)

    // An older version is published only after its warning was read.
    await page.getByRole('button', { name: 'Publish 1.0.0' }).click()
    await dialog.getByText(/^19 nodes will never take 1\.0\.0: they run 1\.1\.0, and nodes never go back/).waitFor()
    expect(await dialog.getByRole('button', { name: 'Publish 1.0.0' }).isDisabled()).toBe(true)
    await dialog.getByRole('button', { name: 'Cancel' }).click()

    await page.getByRole('button', { name: 'Withdraw', exact: true }).click()
    const question = page.getByRole('dialog', { name: 'Withdraw firmware' })
    await question.getByText('(19 do now)').waitFor()
    expect(await question.getByRole('button', { name: 'Withdraw 1.1.0' }).isDisabled()).toBe(true)
    await question.getByLabel(/^To withdraw it/).fill('1.1.0')
    await question.getByRole('button', { name: 'Withdraw 1.1.0' }).click()
    await rollout.getByText('No rollout').waitFor()
    expect(open.complaints).toEqual([])
  })
})
