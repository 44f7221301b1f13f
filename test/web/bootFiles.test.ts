// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { until } from './memoryLink.ts'
import { all, button, rack, text } from './page.ts'

async function settings() {
  const made = await rack()
  button('Settings').click()
  await until('the boot files', () => text().includes('of 5 chips are ready'))
  return made
}
function source(value: string): void {
  const input = all('input').find((each) => each.getAttribute('aria-label') === 'Where the profiles are') as HTMLInputElement
  input.value = value
  input.dispatchEvent(new Event('input', { bubbles: true }))
}

test('profiles are imported by a button: what came, what is ready, and what was refused with its reason', async () => {
  await settings()
  expect(button('Import profiles').disabled).toBe(true)
  source('/home/lab/profiles')
  await until('a source', () => !button('Import profiles').disabled)
  button('Import profiles').click()
  await until('the result', () => text().includes('Profiles of 2 chips are here now'))
  expect(text()).toContain('Ready: hi3516ev300')
  expect(text()).toContain('gk7205v200.json was refused: DDRSTEP0 of gk7205v200.json has 65 bytes, 64 are expected')
  source('/missing')
  await until('typed', () => !button('Import profiles').disabled)
  button('Import profiles').click()
  await until('the error', () => text().includes('/missing cannot be read: it does not exist'))
})

test('a U-Boot is fetched; asked for again, another one than before is taken only on a word', async () => {
  const made = await settings()
  const fetched = (): readonly string[] => made.fixture.calls.filter((call) => call.startsWith('uboot'))
  button('Fetch U-Boot').click()
  await until('it was asked for', () => fetched().length === 1)
  await until('the button is free', () => !button('Fetch again: U-Boot of hi3516ev300').disabled)
  button('Fetch again: U-Boot of hi3516ev300').click()
  await until('the question', () => text().includes('Take it only if you expect one'))
  expect(fetched()).toEqual(['uboot hi3516ev200 ', 'uboot hi3516ev300 same'])
  button('Take the new U-Boot of hi3516ev300').click()
  await until('it was taken', () => !text().includes('Take the new U-Boot'))
  expect(fetched().at(-1)).toBe('uboot hi3516ev300 accept-other')
})
