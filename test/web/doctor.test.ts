// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { until } from './memoryLink.ts'
import { all, button, card, fill, press, rack, text } from './page.ts'

async function openDoctor(): Promise<void> {
  await rack({ cameras: 12 })
  card('cam-01').click()
  await until('the panel', () => all('[data-tab="console"]').length === 1)
  all('[data-tab="agent"]')[0]?.click()
  await until('the form', () => text().includes('Flash agent for'))
}

test('the picture has a square for each sector, counts them, and names the one under the arrow keys', async () => {
  await openDoctor()
  fill('Flash agent for', '/agents/agent.bin')
  button('Make plan').click()
  await until('the plan', () => all('button').some((one) => one.textContent?.includes('Examine the flash of') === true))
  button(/Examine the flash of/).click()
  await until('the map', () => all('.flash .map g').length > 0)
  expect(all('.flash .map g')).toHaveLength(256)
  expect(all('.flash .map g.unstable')).toHaveLength(2)
  expect(text()).toContain('examined, not healthy')
  expect(all('.flash figcaption')[0]?.textContent?.replace(/\s+/g, ' ')).toContain('unstable 2')
  expect(text()).toContain('0x00700000')
  const map = all('.flash .map')[0] as Element
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowDown']) press(key, map)
  await until('the address', () => all('.told')[0]?.textContent?.startsWith('0x00210000, sector 33: data, CRC-32') ?? false)
})

test('what can be read is saved where the form says', async () => {
  await openDoctor()
  fill('Flash agent for', '/agents/agent.bin')
  fill('Save what can be read', ' /rescue/flash.bin ')
  button('Make plan').click()
  await until('the plan', () => text().includes('Read and compare'))
})

test('without an agent the plan says why it cannot be started', async () => {
  await openDoctor()
  button('Make plan').click()
  await until('the refusal', () => text().includes('this plan cannot be started'))
  expect(text()).toContain('is needed, and none is shipped')
})
