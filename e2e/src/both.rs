//! Every promise is tested in both modes.

/// Makes two tests of each case, an async function over a [`Deployment`]: one on the embedded
/// mode, one on the shape of Google Cloud. Each test starts its own, with what the function
/// `$settings` gives.
///
/// [`Deployment`]: crate::deployment::Deployment
#[macro_export]
macro_rules! in_both_modes {
    ($settings:ident; $($case:ident),* $(,)?) => {
        mod embedded {
            $($crate::in_both_modes!(@test embedded, $settings, $case);)*
        }
        mod cloud {
            $($crate::in_both_modes!(@test cloud, $settings, $case);)*
        }
    };
    (@test $mode:ident, $settings:ident, $case:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let deployment = $crate::deployment::Deployment::$mode(super::$settings()).await;
            super::$case(deployment).await;
        }
    };
}

/// As [`in_both_modes`], but on the two deployments that all tests of this
/// process share: for cases that leave them as they found them and keep to tenants of their own.
#[macro_export]
macro_rules! on_shared_deployments {
    ($($case:ident),* $(,)?) => {
        mod embedded {
            $($crate::on_shared_deployments!(@test embedded, $case);)*
        }
        mod cloud {
            $($crate::on_shared_deployments!(@test cloud, $case);)*
        }
    };
    (@test $mode:ident, $case:ident) => {
        #[tokio::test]
        async fn $case() {
            super::$case($crate::deployment::$mode()).await;
        }
    };
}
