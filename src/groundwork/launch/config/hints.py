"""Words of Lightning, timm, fastai, scikit-learn and lightning-hydra-template -> what they are called here."""

import re
from pathlib import Path

# What to write -> the words that other projects have for it. A word also counts as the last part of a dotted key.
ANSWERS = {
    # the rate and how it goes
    "optim.lr=RATE": "lr learning_rate base_lr lr_max init_lr blr",
    "optim.weight_decay=NUMBER": "weight_decay wd l2_reg",
    "optim.layer_decay=NUMBER": "layer_decay llrd",
    "optim=sgd optim.momentum=NUMBER": "momentum mom",
    "optim=adamw or optim=sgd": "optimizer opt optimizer_name optim_name",
    "schedule=cosine, one_cycle, plateau or constant": "scheduler sched lr_scheduler lr_scheduler_type lr_schedule",
    "schedule.warmup=SHARE, the share of all steps": "warmup warmup_steps warmup_epochs warmup_ratio num_warmup_steps",
    "loss=cross_entropy, focal, mse, mae or huber": "criterion loss_fn loss_func loss_function objective",
    "loss.label_smoothing=NUMBER": "label_smoothing smoothing label_smoothing_factor",
    # how long, on what
    "trainer.max_epochs=N": "epochs max_epochs num_epochs num_train_epochs n_epoch n_epochs max_epoch nepochs",
    "trainer.max_steps=N": "max_steps num_steps max_iter max_iters iterations",
    "trainer.devices=N trainer=ddp": "gpus num_gpus n_gpu ngpu gpu_ids num_processes nproc_per_node world_size",
    "trainer.accelerator=gpu": "accelerator device use_cuda cuda use_gpu tpu_cores ipus",
    "trainer.num_nodes=N": "num_nodes nnodes",
    "trainer.strategy=ddp": "strategy distributed_backend",
    "trainer.precision=bf16-mixed": "precision amp fp16 bf16 mixed_precision use_amp half",
    "trainer.accumulate_grad_batches=N": "accumulate accumulate_grad_batches gradient_accumulation_steps grad_accum"
    " grad_accum_steps accum_iter",
    "trainer.gradient_clip_val=NORM": "gradient_clip gradient_clip_val grad_clip clip_grad max_grad_norm",
    "trainer.val_every_n_steps=N": "eval_steps eval_every val_interval eval_interval check_val_every",
    "trainer.log_every_n_steps=N": "logging_steps log_interval log_every log_every_n_steps",
    "trainer.limit_train_batches=SHARE": "limit_train_batches max_train_samples",
    "debug=fast": "fast_dev_run smoke_test dry_run",
    "debug=overfit": "overfit overfit_batches",
    "debug=lr_find": "auto_lr_find lr_find find_lr",
    "callbacks.early_stopping.patience=N": "patience early_stopping early_stop early_stopping_patience",
    "callbacks.ema.decay=NUMBER": "ema ema_decay model_ema model_ema_decay use_ema",
    # data
    "data.drop_samples=FILE": "drop_rows exclude exclude_ids exclude_samples ignore_samples drop_ids data.drop",
    "data.batch_size=N": "batch_size bs per_device_train_batch_size train_batch_size batchsize",
    "data.image_size=PIXELS": "image_size img_size input_size imgsz resolution crop_size",
    "data=image_folder data.root=DIR": "data_dir data_path datadir dataset_path root img_dir image_dir train_dir",
    "data=table data.table=FILE": "csv csv_path csv_file train_csv train_file data_file dataframe df",
    "data=NAME; --help lists the data sets": "dataset dataset_name datamodule dm dls",
    "data.target=COLUMN": "target target_column target_col label label_col label_column y_names dep_var y",
    "data.inputs=[COLUMN]": "features feature_columns cont_names x_cols",
    "data.categorical=[COLUMN]": "cat_names categorical_features cat_features",
    "data.group=COLUMN": "groups group_col group_column",
    "split.fractions=[0.70,0.15,0.15]": "test_size train_size val_size val_split validation_split train_val_test_split"
    " valid_pct val_ratio test_ratio",
    "split=folds split.k=5 split.fold=0": "k_folds n_splits num_folds kfold cv fold folds n_folds",
    "split.seed=N": "split_seed data_seed shuffle_seed",
    "seed=N": "random_state manual_seed random_seed seed_everything",
    "balance=loss_weights": "class_weight class_weights pos_weight use_class_weights",
    "balance=oversample": "oversample oversampling weighted_sampler",
    "augment=light or augment=strong": "augmentation augmentations transforms transform aug batch_tfms aa auto_augment"
    " mixup cutmix mixup_alpha randaugment",
    "normalize=backbone, train or standard": "normalization mean std scaler standardize",
    "missing=median, mean or most_frequent": "imputer impute fillna imputation",
    # network
    "model=timm model.name=NAME": "arch architecture model_name backbone net network encoder model_type"
    " model_name_or_path",
    "model.pretrained=true": "pretrained weights use_pretrained from_pretrained pretrained_weights",
    "model.dropout=NUMBER": "dropout drop drop_rate ps",
    "model.drop_path=NUMBER": "drop_path drop_path_rate stochastic_depth",
    "transfer=small_similar, which trains the head alone": "freeze freeze_backbone frozen feature_extract"
    " linear_probe train_bn freeze_epochs",
    "transfer=large_similar, which trains the head and then everything": "unfreeze fine_tune finetune full_finetune",
    # runs and what is written
    "run=DIR to go on, like=DIR to vary a run, or model.pretrained=DIR to start from its weights": "ckpt_path resume"
    " resume_from_checkpoint checkpoint ckpt load_from_checkpoint checkpoint_path auto_resume",
    "name=NAME": "task_name run_name exp_name experiment_name project_name study_name",
    "paths.runs=DIR": "output_dir save_dir log_dir out_dir output logdir default_root_dir work_dir result_dir",
    "logger=wandb": "wandb use_wandb report_to tracker log_wandb wandb_project",
    "logger=tensorboard": "tensorboard tb use_tensorboard",
    "monitor=NAME": "metric eval_metric metric_for_best_model scoring optimized_metric best_metric checkpoint_metric",
    "scripts/evaluate.py run=DIR split=test": "test do_test evaluate do_eval eval test_after_training",
    "scripts/predict.py run=DIR input=PATH output=FILE": "do_predict inference",
    "scripts/search.py search=NAME": "n_trials tune sweep hparams_search hydra_sweeper",
}
OTHERS = {
    "num_workers": "Batches are slices of memory, so there are no workers to set. Leave it out; only data of images "
    "has data.num_workers, for those that are streamed",
    "pin_memory": "Batches are slices of memory, so there is nothing to pin. Leave it out",
    "persistent_workers": "Batches are slices of memory, so there are no workers to keep. Leave it out",
    "num_classes": "The number of classes follows from the data. Leave it out; data.classes=[A,B] gives their order",
    "in_channels": "The number of channels follows from the data. Leave it out",
    "in_chans": "The number of channels follows from the data. Leave it out",
    "stratify": "split=stratified is the default. Leave it out, or use split=random",
    "shuffle": "Training rows are shuffled by seed. Leave it out; split=chronological keeps the order of time",
    "train": "train.py always trains. Leave it out; scripts/evaluate.py run=DIR split=test tests",
    "print_config": "Use --cfg job, which prints the configuration",
    "version": "Every run gets a folder of its own. Use name=NAME",
}
HINTS = {word: f"Use {answer}" for answer, words in ANSWERS.items() for word in words.split()} | OTHERS

# Options of other projects, group by group.
OPTIONS = {
    "optim": {"adam": "adamw", "lamb": "adamw", "momentum": "sgd"},
    "schedule": {"step": "plateau", "linear": "one_cycle", "onecycle": "one_cycle", "none": "constant"},
    "loss": {
        "ce": "cross_entropy",
        "bce": "cross_entropy",
        "nll": "cross_entropy",
        "l1": "mae",
        "l2": "mse",
        "pinball": "quantile",
    },
    "task": {
        "binary": "classification",
        "multiclass": "classification",
        "classify": "classification",
        "multi_label": "multilabel",
        "labels": "multilabel",
        "tagging": "multilabel",
    },
    "split": {"kfold": "folds", "cv": "folds", "time": "chronological", "shuffle": "random"},
    "balance": {"weighted": "loss_weights", "balanced": "loss_weights", "smote": "oversample"},
    "normalize": {"imagenet": "backbone", "zscore": "standard", "min_max": "minmax"},
    "augment": {"randaugment": "strong", "mixup": "strong", "basic": "light"},
    "transfer": {"freeze": "small_similar", "linear_probe": "small_similar", "finetune": "large_similar"},
    "trainer": {"mps": "gpu", "cuda": "gpu", "ddp_sim": "ddp", "default": "auto"},
    "logger": dict.fromkeys(("none", "null", "false", "many_loggers"), "csv"),
}
# Groups whose further choices have a name of timm or torch.
BY_NAME = {
    "optim": "optim._target_=torch.optim.NAME",
    "schedule": "schedule._target_=torch.optim.lr_scheduler.NAME",
}
ENTRIES = "Each callback is a key: +callbacks.NAME={_target_: ...} adds one, ~callbacks.NAME removes one"
METRICS = {
    "acc": "accuracy", "val_acc": "accuracy", "valid_accuracy": "accuracy", "top1": "accuracy", "error": "accuracy",
    "auc": "auroc", "roc_auc": "auroc", "f1_score": "f1", "f1_macro": "f1", "macro_f1": "f1",
    "bacc": "balanced_accuracy",
    "val_loss": "loss", "valid_loss": "loss", "mean_squared_error": "mse", "mean_absolute_error": "mae",
    "root_mean_squared_error": "rmse", "r2_score": "r2", "sensitivity": "recall", "ap": "average_precision",
}  # fmt: skip
TABLES = {
    ".csv",
    ".tsv",
    ".json",
    ".jsonl",
    ".parquet",
    ".feather",
    ".xlsx",
    ".xls",
    ".pkl",
    ".sqlite",
    ".db",
}


def hint_of(key: str) -> str | None:
    """Say what to write for a key of another project; None where the table does not know it."""
    key = plain(key)
    return HINTS.get(key) or HINTS.get(key.rpartition(".")[2])


def plain(key: str) -> str:
    """Write a key as ours are written: in lower case, with underscores."""
    return key.lower().replace("-", "_")


def option_hint(group: str, option: str) -> str | None:
    """Say what to write for an option that a group does not have; None where nothing is known."""
    if group == "data":
        if Path(option).suffix.lower() in TABLES or option.startswith("sqlite:"):
            return f"Use data=table data.table={option} data.target=COLUMN"
        if "/" in option or "\\" in option or option.startswith((".", "~")):
            return f"Use data=image_folder data.root={option}"
    if group == "model":
        return f"Use model=timm model.name={option}, if it is a network of timm"
    known = OPTIONS.get(group, {}).get(option.lower())
    return f"Use {group}={known}" if known else None


def further_hint(group: str, option: str) -> str | None:
    """Say how a group takes what is no option of it, where it takes more than its options."""
    if group in BY_NAME:
        return f"Use {group}=timm {group}.name={option}, if timm has it, or {BY_NAME[group]}"
    return ENTRIES if group == "callbacks" else None


def metric_of(monitor: str) -> str | None:
    """Give the name that a metric of another project has here; None where the table does not know it."""
    bare = re.sub(r"^(val(id|idation)?|eval|test|train)[/_]", "", monitor.lower())
    known = METRICS.get(monitor.lower()) or METRICS.get(bare)
    return known or (bare if bare != monitor.lower() else None)
