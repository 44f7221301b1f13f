import { describe, expect, test } from 'vitest'
import type { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type AddressWish, mustBeAdded, prefixBitsOf } from './addressPlan.ts'
import type { IpLinks, IpRoutes } from './ipProgram.schema.ts'
import { addTemporaryAddress, type RunIp } from './temporaryAddress.ts'

const never = new AbortController().signal
const link = (ifname: string, ...addresses: string[]): IpLinks[number] =>
  ({ ifname, flags: ifname === 'lo' ? ['LOOPBACK', 'UP'] : ['UP'], addr_info: addresses.map((each) => ({ family: 'inet', local: each.split('/')[0], prefixlen: Number(each.split('/')[1]) })) })
const links = [link('lo', '127.0.0.1/8'), link('eth0', '10.20.0.7/16'), link('eth1'), { ...link('eth2'), flags: [] }]
const routes: IpRoutes = [{ dst: 'default', dev: 'eth0' }, { dst: '10.20.0.0/16', dev: 'eth0' }, { dst: '172.16.5.4', dev: 'tun0' }, { dst: '192.168.9.0/24' }]
const wish = (more: Partial<AddressWish> = {}): AddressWish => ({ nic: 'eth1', address: '192.168.1.10', prefixBits: 24, ...more })
const add = (more: Partial<AddressWish> = {}): boolean => mustBeAdded(wish(more), links, routes)
const refusal = (code: string, words: string): Error => expect.objectContaining({ code, message: expect.stringContaining(words) as string }) as Error

describe('the width of a network', () => {
  test.each([['255.255.255.0', 24], ['255.255.0.0', 16], ['24', 24], ['255.255.255.252', 30]])('%s is %i bits', (mask, bits) => { expect(prefixBitsOf(mask)).toBe(bits) })
  test.each(['', 'abc', '255.0.255.0', '0.0.0.0', '255.255.255.255', '32', '0', '-1', '24.0', '255.255.255'])('"%s" is refused, not guessed', (mask) => {
    expect(() => prefixBitsOf(mask)).toThrow(refusal('input/malformed', 'is no mask'))
  })
})

describe('may this computer have that address there', () => {
  test('on an interface without any, and beside others of the same', () => {
    expect(add()).toBe(true)
    expect(add({ nic: 'eth0' })).toBe(true)
    expect(add({ nic: 'eth0', address: '10.20.0.9', prefixBits: 16 })).toBe(true)
  })
  test('one that is there already is not added, so nobody takes it away afterwards', () => {
    expect(add({ nic: 'eth0', address: '10.20.0.7', prefixBits: 24 })).toBe(false)
  })
  test('not on another interface, on none, or on one that is off', () => {
    expect(() => add({ address: '10.20.0.7' })).toThrow(refusal('input/conflict', '10.20.0.7 is the address of eth0'))
    expect(() => add({ nic: 'eth7' })).toThrow(refusal('input/not-found', 'no interface "eth7"'))
    expect(() => add({ nic: 'eth2' })).toThrow(refusal('input/conflict', 'switched off'))
    expect(() => add({ nic: 'lo' })).toThrow(refusal('input/conflict', 'nothing but this computer'))
  })
  test('never in a network that is reached another way: that way would be cut', () => {
    expect(() => add({ address: '10.20.3.4' })).toThrow(refusal('input/conflict', '10.20.0.0/16 by eth0'))
    expect(() => add({ address: '10.1.2.3', prefixBits: 8 })).toThrow(refusal('input/conflict', 'would be cut'))
    expect(() => add({ address: '172.16.5.1' })).toThrow(refusal('input/conflict', '172.16.5.4 by tun0'))
    expect(() => add({ address: '192.168.9.1' })).toThrow(refusal('input/conflict', '(192.168.9.0/24)'))
    expect(add({ address: '10.21.0.1', prefixBits: 16 })).toBe(true)
  })
  test.each(['192.168.1.0', '192.168.1.255', '127.0.0.2', '0.1.2.3', '224.0.0.5', '::1', 'bench', '1.2.3', ''])('"%s" is no address for a computer', (address) => {
    expect(() => add({ address })).toThrow(refusal('input/malformed', 'is no address that a computer can have'))
  })
})

/** As `ip` behaves, with what it was told. */
function fakeIp(faults: { readonly add?: 'denied' | 'ignored'; readonly del?: 'ignored' } = {}): { readonly run: RunIp; readonly typed: string[] } {
  const typed: string[] = []
  let eth1: string[] = []
  const run: RunIp = async (words, signal) => {
    signal.throwIfAborted()
    const line = words.join(' ')
    if (words[0] !== '-j') typed.push(line)
    const said = (out: string, code = 0, err = ''): { code: number; out: string; err: string } => ({ code, out, err })
    if (line === '-j addr show') return said(JSON.stringify([link('lo', '127.0.0.1/8'), link('eth1', ...eth1)]))
    if (line === '-j -4 route show') return said('[]')
    if (words[1] === 'add') {
      if (faults.add === 'denied') return said('', 2, 'RTNETLINK answers: Operation not permitted\n')
      if (faults.add !== 'ignored') eth1 = [words[2] ?? '']
      return said('')
    }
    if (faults.del !== 'ignored') eth1 = []
    return said('')
  }
  return { run, typed }
}

describe('an address for a while', () => {
  test('is read back, has its end told to the kernel, and is taken away', async () => {
    const { run, typed } = fakeIp()
    const { wasThere, remove } = await addTemporaryAddress(wish(), 60_000, never, run, 'linux')
    expect(wasThere).toBe(false)
    await remove()
    expect(typed).toEqual(['addr add 192.168.1.10/24 dev eth1 valid_lft 75 preferred_lft 75', 'addr del 192.168.1.10/24 dev eth1'])
  })
  test('one that was there stays', async () => {
    const { run, typed } = fakeIp()
    await addTemporaryAddress(wish(), 1_000, never, run, 'linux')
    const { wasThere, remove } = await addTemporaryAddress(wish(), 1_000, never, run, 'linux')
    await remove()
    expect([wasThere, typed.length]).toEqual([true, 1])
  })
  test.each<[string, Parameters<typeof fakeIp>[0], string, string]>([
    ['without the right', { add: 'denied' }, 'host/no-permission', 'sudo ip addr add 192.168.1.10/24 dev eth1'],
    ['said to be there and is not', { add: 'ignored' }, 'host/io', ''],
  ])('%s: an error with the next step', async (_, faults, code, hint) => {
    const error = await addTemporaryAddress(wish(), 1_000, never, fakeIp(faults).run, 'linux').catch((caught: unknown) => caught as WorkbenchError)
    expect(error).toMatchObject({ code })
    expect((error as WorkbenchError).hint ?? '').toContain(hint)
  })
  test('that does not go is told, with when it goes by itself', async () => {
    const { remove } = await addTemporaryAddress(wish(), 1_000, never, fakeIp({ del: 'ignored' }).run, 'linux')
    await expect(remove()).rejects.toMatchObject({ code: 'host/io', hint: expect.stringContaining('within 16 s') as string })
  })
  test('a name that could be a flag reaches no command, and another system is told what to do', async () => {
    const { run, typed } = fakeIp()
    await expect(addTemporaryAddress(wish({ nic: '-all' }), 1_000, never, run, 'linux')).rejects.toMatchObject({ code: 'input/malformed' })
    await expect(addTemporaryAddress(wish(), 1_000, never, run, 'darwin')).rejects.toMatchObject({ code: 'input/not-supported' })
    await expect(addTemporaryAddress(wish(), 1_000, never, async () => ({ code: 0, out: 'eth1: up', err: '' }), 'linux')).rejects.toMatchObject({ code: 'host/io' })
    expect(typed).toEqual([])
  })
})
