import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { missingForWindow, openDemo, openWindow } from './openWindow.ts'

describe.skipIf(missingForWindow() !== undefined)('the partition table and the kind of flash in the restore form', () => {
  test('imported from text, misfits said as they are typed, and the plan follows the table', async () => {
    const open = await openWindow()
    const { page } = open
    await openDemo(page)
    await page.getByRole('option', { name: /cam-02/ }).click()
    await page.getByLabel(/^What to restore/).fill(join(open.folder, 'data', 'demo', 'images'))
    await page.getByText('More: flash').click()
    await page.getByLabel('Partition layout').fill('hi_sfc:256k(boot),64k(env),3072k(kernel),10240k(rootfs),-(rest)')
    await page.getByRole('button', { name: 'Layout as a table' }).click()
    const table = page.getByRole('region', { name: 'Partition table' })
    await table.getByText('It covers the flash from end to end').waitFor()
    expect(await table.getByLabel('Name of partition 2').inputValue()).toBe('kernel')

    const size = table.getByLabel('Size of partition 3')
    await size.fill('14m')
    await table.getByText(/rest begins at 0x1150000, behind the end of the flash/).waitFor()
    await size.fill('10mm')
    await table.getByText('Row 4: "10mm" is no size').waitFor()
    // What cannot be read is refused by the plan; the table before it does not count any more.
    await page.getByRole('button', { name: 'Make plan' }).click()
    await page.getByRole('alert').getByText(/mtdparts/).first().waitFor()
    await size.fill('10m')
    await table.getByText('It covers the flash from end to end').waitFor()
    expect(await page.getByLabel('Partition layout').inputValue()).toBe('hi_sfc:256k(boot),64k(env),3072k(kernel),10240k(rootfs),-(rest)')

    await page.getByRole('button', { name: 'Make plan' }).click()
    const plan = page.getByRole('region', { name: 'Plan', exact: true })
    await plan.getByText(/^NOR, 16 MiB: the partition table is that of hi_sfc/).waitFor()
    await page.getByRole('button', { name: 'NAND', exact: true }).click()
    await page.getByRole('button', { name: 'Make plan' }).click()
    await plan.getByText(/This is an image for NOR, and NAND was asked for/).waitFor()
    expect(open.complaints).toEqual([])
  })

  test('by hand, row by row: what is removed is gone from the request', async () => {
    const open = await openWindow()
    const { page } = open
    await openDemo(page)
    await page.getByRole('option', { name: /cam-02/ }).click()
    await page.getByText('More: flash').click()
    await page.getByRole('button', { name: 'Layout as a table' }).click()
    const text = page.getByLabel('Partition layout')
    for (const [index, [name, size]] of [['boot', '256k'], ['env', '64k'], ['rest', '-']].entries()) {
      await page.getByRole('button', { name: 'Partition', exact: true }).click()
      await page.getByLabel(`Name of partition ${String(index)}`).fill(name ?? '')
      await page.getByLabel(`Size of partition ${String(index)}`).fill(size ?? '')
    }
    await expect.poll(async () => text.inputValue()).toBe('256k(boot),64k(env),-(rest)')
    await page.getByRole('button', { name: 'Remove env' }).click()
    await expect.poll(async () => text.inputValue()).toBe('256k(boot),-(rest)')
    await page.getByLabel('Offset of partition 1').fill('512k')
    await page.getByRole('region', { name: 'Partition table' }).getByText(/262144 bytes before rest/).waitFor()
    expect(open.complaints).toEqual([])
  })
})
