//! Counts the allocations of one thread, or the bytes that it holds, while it asks for it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Write;
use std::sync::Once;

thread_local! {
    static COUNTED: Cell<Option<u64>> = const { Cell::new(None) };
    /// Bytes held now, negative if more was given back than taken, and the most at any time.
    static HELD: Cell<Option<(i64, i64)>> = const { Cell::new(None) };
}

struct Counting;

fn count(bytes: i64) {
    // A thread that is ending has no counter any more.
    let _ = COUNTED.try_with(|counted| counted.set(counted.get().map(|count| count + 1)));
    let _ = HELD.try_with(|held| {
        held.set(held.get().map(|(now, most)| (now + bytes, most.max(now + bytes))));
    });
}

// An allocator cannot be written without unsafe code; this one only counts and hands everything on to the system's.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations and deallocations of this thread while `work` runs.
pub(crate) fn during(work: impl FnOnce()) -> u64 {
    COUNTED.set(Some(0));
    work();
    COUNTED.take().unwrap_or(0)
}

/// The most bytes that this thread holds at once while `work` runs, beyond those before.
pub(crate) fn most_held<T>(work: impl FnOnce() -> T) -> (T, u64) {
    // Panics that are caught are told of in one line then: a backtrace takes tens of megabytes.
    static BRIEF: Once = Once::new();
    BRIEF.call_once(|| {
        let told_at_length = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| match HELD.try_with(Cell::get).ok().flatten() {
            Some(_) => drop(writeln!(std::io::stderr(), "{panic}")),
            None => told_at_length(panic),
        }));
    });
    HELD.set(Some((0, 0)));
    let result = work();
    (result, HELD.take().map_or(0, |(_, most)| most as u64))
}

#[test]
fn the_counter_counts() {
    assert_eq!(during(|| ()), 0);
    assert_eq!(during(|| drop(std::hint::black_box(vec![1_u8; 100]))), 2);
}

#[test]
fn held_bytes_are_counted() {
    let (_, most) = most_held(|| {
        drop(std::hint::black_box(vec![1_u8; 100_000]));
        drop(std::hint::black_box(vec![1_u8; 50_000]));
    });
    assert!((100_000..150_000).contains(&most), "{most}");
}
