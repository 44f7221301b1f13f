// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { until } from './memoryLink.ts'
import { button, fill, rack, text } from './page.ts'

async function settings(quotaNear = false) {
  const made = await rack({ quotaNear })
  button('Settings').click()
  await until('the section', () => text().includes('Keep these settings'))
  return made
}
const calls = (made: Awaited<ReturnType<typeof settings>>): readonly string[] => made.fixture.calls.filter((call) => call.startsWith('capture settings'))

test('how captures are kept is changed in Settings; only what was changed is sent', async () => {
  const made = await settings()
  expect(text()).toContain('8.2 GiB are used')
  expect(button('Keep these settings').disabled).toBe(true)
  fill('Quota, GiB', '30')
  fill('or after, hours', '12')
  await until('a change', () => !button('Keep these settings').disabled)
  button('Keep these settings').click()
  await until('kept', () => text().includes('Kept, and in use'))
  expect(calls(made)).toEqual(['capture settings {"partMs":43200000,"quotaBytes":32212254720}'])
  fill('Names of files', '../x')
  await until('what is wrong', () => text().includes('no folders'))
  expect(button('Keep these settings').disabled).toBe(true)
})

test('a smaller quota that deletes is asked about with its number, and left as it is on a word', async () => {
  const made = await settings()
  fill('Quota, GiB', '2')
  await until('a change', () => !button('Keep these settings').disabled)
  button('Keep these settings').click()
  await until('the question', () => text().includes('would delete 31 of the oldest capture files'))
  button('Leave it as it is').click()
  await until('no question', () => !text().includes('would delete'))
  button('Keep these settings').click()
  await until('the question again', () => text().includes('would delete'))
  button('Use the smaller quota').click()
  await until('kept', () => text().includes('Kept, and in use'))
  expect(calls(made)).toEqual(['capture settings {"quotaBytes":2147483648}', 'capture settings {"quotaBytes":2147483648}', 'capture settings {"quotaBytes":2147483648} agreed'])
})

test('a quota that is near is told in every view, with its amount, when it is full and what to do', async () => {
  await rack({ quotaNear: true })
  await until('the notice', () => text().includes('Captures fill 93 % of their 20 GiB'))
  expect(text()).toMatch(/full about 20\d\d-\d\d-\d\d \d\d:\d\d; then the oldest files are deleted.*Export what is to stay, or raise the quota.*cam-03/)
  button('Change the quota').click()
  await until('the settings', () => text().includes('Quota, GiB'))
  expect(text()).toContain('Captures fill 93 %')
  button('Dismiss').click()
  await until('it is put away', () => !text().includes('Captures fill'))
})
