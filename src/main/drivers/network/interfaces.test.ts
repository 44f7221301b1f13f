import { describe, expect, test } from 'vitest'
import { chooseHostAddress, defaultCameraAddress, type HostAddress, listHostAddresses } from './interfaces.ts'

const lo: HostAddress = { nic: 'lo', address: '127.0.0.1', prefixBits: 8, internal: true }
const office: HostAddress = { nic: 'eth0', address: '10.20.0.7', prefixBits: 16, internal: false }
const bench: HostAddress = { nic: 'eth1', address: '192.168.1.10', prefixBits: 24, internal: false }
const docker: HostAddress = { nic: 'docker0', address: '172.17.0.1', prefixBits: 16, internal: false }
const all = [lo, office, bench, docker]

describe('own addresses', () => {
  test('IPv4 only, with the width of the network', () => {
    const found = listHostAddresses(() => ({
      eth0: [
        { address: 'fe80::1', netmask: 'ffff::', family: 'IPv6', mac: '', internal: false, cidr: 'fe80::1/64', scopeid: 2 },
        { address: '10.0.0.7', netmask: '255.255.255.0', family: 'IPv4', mac: '', internal: false, cidr: '10.0.0.7/24' },
      ],
    }))
    expect(found).toEqual([{ nic: 'eth0', address: '10.0.0.7', prefixBits: 24, internal: false }])
    expect(listHostAddresses().every(({ address }) => address.includes('.'))).toBe(true)
  })
})

describe('choosing the address that the camera is told', () => {
  test('asked for: it must be ours, and on the interface if one is named', () => {
    expect(chooseHostAddress({ wanted: '10.20.0.7' }, all)).toEqual({ ...office, reason: 'asked for' })
    expect(() => chooseHostAddress({ wanted: '10.20.0.8' }, all)).toThrow('10.20.0.8 is no address of this computer')
    expect(() => chooseHostAddress({ wanted: '10.20.0.7', nic: 'eth1' }, all)).toThrow('10.20.0.7 is no address of eth1')
    expect(() => chooseHostAddress({ wanted: 'bench' }, all)).toThrow('--host-ip "bench" is no IPv4 address')
  })
  test('by interface', () => {
    expect(chooseHostAddress({ nic: 'eth1' }, all)).toMatchObject({ address: '192.168.1.10', reason: 'the only address on eth1' })
    expect(() => chooseHostAddress({ nic: 'eth7' }, all)).toThrow(expect.objectContaining({ code: 'input/not-found', hint: expect.stringContaining('192.168.1.10 (eth1)') as string }) as Error)
  })
  test('by the camera: the network it is in, the narrowest if several', () => {
    const wide: HostAddress = { nic: 'wlan0', address: '192.168.9.9', prefixBits: 16, internal: false }
    expect(chooseHostAddress({ cameraAddress: '192.168.1.20' }, [...all, wide])).toMatchObject({ nic: 'eth1', reason: 'in one network with the camera\'s 192.168.1.20' })
    expect(chooseHostAddress({ cameraAddress: '127.0.0.9' }, all)).toMatchObject({ nic: 'lo' })
    expect(() => chooseHostAddress({ cameraAddress: '192.168.1.10' }, all)).toThrow(expect.objectContaining({ code: 'input/conflict' }) as Error)
  })
  test('with nothing said: the one that a cable can reach, never a guess between two', () => {
    expect(chooseHostAddress({}, [lo, bench, docker])).toMatchObject({ nic: 'eth1' })
    expect(chooseHostAddress({}, [lo, docker])).toMatchObject({ nic: 'docker0' })
    expect(() => chooseHostAddress({}, all)).toThrow(expect.objectContaining({ code: 'input/conflict', message: 'Several addresses fit: 10.20.0.7 (eth0), 192.168.1.10 (eth1)' }) as Error)
    expect(() => chooseHostAddress({}, [lo])).toThrow(expect.objectContaining({ code: 'input/not-found' }) as Error)
    expect(() => chooseHostAddress({}, [{ ...bench, address: '169.254.3.4' }])).toThrow(expect.objectContaining({ code: 'input/not-found' }) as Error)
  })
  test('the camera gets .55, and .56 when that is us', () => {
    expect(defaultCameraAddress('10.20.0.7')).toBe('10.20.0.55')
    expect(defaultCameraAddress('10.20.0.55')).toBe('10.20.0.56')
  })
})
